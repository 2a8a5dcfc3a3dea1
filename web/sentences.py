"""Reasons and journal entries as sentences, in French and English. The only place that turns codes into prose.

In a sentence, `{name}` is a fact and `[…]` is left out where a fact in it is missing. Called by the pages; a test
holds that every code and every journal event of ours has its sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from babel.dates import format_datetime

from channels.words import LOCALES, listed, long_date
from domain.reasons import Code
from store.journal import Entry
from web.words import LANGUAGES, word

_SAME_PERSON = (
    "[ (la même personne, {who}, a aussi été contactée au sujet d’un autre client)].",
    "[ (the same person, {who}, has also been contacted about another customer)].",
)

REASONS: dict[Code, tuple[str, str]] = {
    Code.STEP_DUE: ("{unit} : l’étape « {step} » est due.", "{unit}: step “{step}” is due."),
    Code.STEP_LATER: (
        "{unit} : l’étape « {step} » viendra le {moment}.",
        "{unit}: step “{step}” comes on {moment}.",
    ),
    Code.GROUPED: (
        "{unit} part avec {lead}, dans le même message.",
        "{unit} goes along with {lead}, in one message.",
    ),
    Code.NOT_GROUPED: ("{unit} attend son tour[ : {why}].", "{unit} waits its turn[: {why}]."),
    Code.CHANNEL_CHOSEN: ("Par {channel}[, à {contact}].", "Over {channel}[, to {contact}]."),
    Code.CHANNEL_UNUSABLE: ("Pas par {channel}[ : {why}].", "Not over {channel}[: {why}]."),
    Code.NO_USABLE_CHANNEL: (
        "Aucun canal utilisable pour l’étape « {step} » : un contact est à corriger.",
        "No usable channel for step “{step}”: a contact needs repair.",
    ),
    Code.OUTSIDE_HOURS: (
        "Hors des heures permises pour {channel}[, jusqu’au {until}].",
        "Outside the hours for {channel}[, until {until}].",
    ),
    Code.SPREAD: (
        "Réparti dans la plage horaire[ : pas avant le {until}].",
        "Spread over the window[: not before {until}].",
    ),
    Code.GAP: (
        "Contact récent : au moins {days} jours entre deux[, donc pas avant le {until}]" + _SAME_PERSON[0],
        "Contacted lately: at least {days} days between contacts[, so not before {until}]" + _SAME_PERSON[1],
    ),
    Code.CAP: (
        "Plafond atteint : {limit} contacts en {days} jours[, donc pas avant le {until}]" + _SAME_PERSON[0],
        "Limit reached: {limit} contacts in {days} days[, so not before {until}]" + _SAME_PERSON[1],
    ),
    Code.CALLS_CAP: (
        "Plafond atteint : {limit} appels en {days} jours[, donc pas avant le {until}]" + _SAME_PERSON[0],
        "Limit reached: {limit} calls in {days} days[, so not before {until}]" + _SAME_PERSON[1],
    ),
    Code.NOTHING_OWED: ("Rien n’est dû.", "Nothing is owed."),
    Code.UNIT_DISPUTED: ("{unit} est contestée : on attend.", "{unit} is disputed: it waits."),
    Code.UNIT_PAID_IN_OTHER_CURRENCY: (
        "{unit} a reçu un paiement en {currency} : une personne doit regarder.",
        "{unit} was paid in {currency}: a person has to look.",
    ),
    Code.UNIT_PROMISED: (
        "{unit} : paiement promis, on attend jusqu’au {until}.",
        "{unit}: payment promised, it waits until {until}.",
    ),
    Code.UNIT_IN_PLAN: (
        "{unit} : échéance d’un plan de paiement, on attend jusqu’au {until}.",
        "{unit}: an instalment of a payment plan, it waits until {until}.",
    ),
    Code.UNIT_WAITS_FOR_DATE: (
        "{unit} : rien avant le {until}[ – {outcome}].",
        "{unit}: nothing before {until}[ – {outcome}].",
    ),
    Code.WAITS_FOR_DATE: (
        "Rien avant le {until}[ : le client a répondu – {outcome}].",
        "Nothing before {until}[: the customer replied – {outcome}].",
    ),
    Code.PROMISE_BROKEN: (
        "{unit} : la promesse de payer le {promised_on} n’a pas été tenue.",
        "{unit}: the promise to pay by {promised_on} was not kept.",
    ),
    Code.PLAN_BROKEN: (
        "{unit} : l’échéance du {due_on} du plan de paiement n’a pas été payée.",
        "{unit}: the instalment of {due_on} of the payment plan was not paid.",
    ),
    Code.UNIT_WAITS_FOR_STATUS: (
        "{unit} attend : statut {code} de la facture électronique.",
        "{unit} waits: e-invoice status {code}.",
    ),
    Code.LADDER_DONE: ("{unit} : toutes les étapes sont passées.", "{unit}: every step has been had."),
    Code.APPROVAL_NEEDED: (
        "{unit} : l’étape « {step} » attend l’accord d’une personne.",
        "{unit}: step “{step}” waits for a person’s approval.",
    ),
    Code.RATE_UNKNOWN: (
        "L’étape « {step} » attend : le taux des pénalités de retard du semestre {half_year} n’est pas connu.",
        "Step “{step}” waits: the late-payment rate for {half_year} is not known.",
    ),
    Code.RATE_TOO_LOW: (
        "L’étape « {step} » attend : le taux convenu est inférieur au minimum légal du semestre {half_year}.",
        "Step “{step}” waits: the agreed rate is below the legal minimum for {half_year}.",
    ),
    Code.CUSTOMER_HELD: (
        "Relances suspendues[ jusqu’au {until}][ : {reason}].",
        "Reminders are on hold[ until {until}][: {reason}].",
    ),
    Code.REPLY_UNREAD: (
        "Le client a répondu par {channel} : rien ne part avant qu’une personne ait lu sa réponse.",
        "The customer replied over {channel}: nothing goes out before a person has read the reply.",
    ),
    Code.FEED_STALE: (
        "Le flux des paiements s’arrête au {as_of} : on attend d’en savoir plus.",
        "The payment feed ends on {as_of}: we wait to know more.",
    ),
    Code.DELIVERY_RUNNING: ("Une relance est en cours d’envoi.", "A reminder is being delivered."),
    Code.PROVIDER_DOWN: (
        "Le prestataire des messages par {channel} est en panne : un autre canal, s’il y en a un, passe avant.",
        "The provider of messages by {channel} is down: another channel, if there is one, comes first.",
    ),
    Code.TEMPLATE_BROKEN: (
        "Le modèle {template} est fautif : {problem}.",
        "Template {template} is broken: {problem}.",
    ),
    Code.EVENT_IN_QUARANTINE: (
        "L’événement {type} ({event}) n’a pas pu être lu : rien ne part avant qu’une personne ait regardé.",
        "Event {type} ({event}) could not be taken in: nothing goes out before a person has looked at it.",
    ),
    Code.RETRY: ("Nouvel essai le {at}.", "Tried again on {at}."),
    Code.SEGMENT: (
        (
            "Segment « {name} »[ ; au {as_of}, factures réglées : {settled}, impayées depuis longtemps : {unpaid}]"
            "[ ; à temps : {in_time_percent} %, retard moyen en jours : {mean_days_late}]."
        ),
        (
            "Segment “{name}”[; as of {as_of}, invoices settled: {settled}, long unpaid: {unpaid}]"
            "[; in time: {in_time_percent}%, mean delay in days: {mean_days_late}]."
        ),
    ),
    Code.GATE: (
        "{unit} : avant une première relance, une personne doit regarder ({why}).",
        "{unit}: before a first reminder, a person has to look ({why}).",
    ),
}

EVENTS: dict[str, tuple[str, str]] = {
    "event.folded": (
        "Événement {type} reçu ({id}, de {source})[ : {invoices}].",
        "Event {type} taken in ({id}, from {source})[: {invoices}].",
    ),
    "event.rejected": ("Événement refusé[ ({id})][ : champ {field}].", "Event rejected[ ({id})][: field {field}]."),
    "event.quarantined": (
        "L’événement {type} ({id}, de {source}) n’a pas pu être lu ; il est mis de côté.",
        "Event {type} ({id}, from {source}) could not be taken in; it is set aside.",
    ),
    "event.retried": (
        "Ce qui avait été mis de côté (n° {quarantine}) est repris en compte.",
        "What had been set aside (no. {quarantine}) is taken in again.",
    ),
    "event.dropped": (
        "Ce qui avait été mis de côté (n° {quarantine}) est écarté[ : {reason}].",
        "What had been set aside (no. {quarantine}) is dropped[: {reason}].",
    ),
    "plan.changed": (
        "Planifié[ : étape « {step} » par {channel} le {at}].",
        "Planned[: step “{step}” over {channel} on {at}].",
    ),
    "task.opened": (
        "Tâche ouverte : {kind}[, étape « {step} »][ : {why}].",
        "Task opened: {kind}[, step “{step}”][: {why}].",
    ),
    "promise.kept": (
        "Promesse tenue : paiement promis pour le {promised_on}[ ({amount})].",
        "Promise kept: payment promised by {promised_on}[ ({amount})].",
    ),
    "promise.broken": (
        "Promesse non tenue : paiement promis pour le {promised_on}[ ({amount})].",
        "Promise broken: payment promised by {promised_on}[ ({amount})].",
    ),
    "plan.broken": (
        "Plan de paiement non tenu : l’échéance du {due_on} n’a pas été payée.",
        "Payment plan broken: the instalment of {due_on} was not paid.",
    ),
    "task.closed": (
        "Tâche terminée : {kind}[, étape « {step} »] – {outcome}[, la suite à partir du {next_on}][ (par {by})].",
        "Task closed: {kind}[, step “{step}”] – {outcome}[, what follows from {next_on} on][ (by {by})].",
    ),
    "task.cancelled": (
        "Tâche annulée : {kind}[, étape « {step} »]. Elle n’a plus d’objet.",
        "Task cancelled: {kind}[, step “{step}”]. There is nothing left to do about it.",
    ),
    "reminder.failed": ("La relance n’a pas pu être remise.", "The reminder could not be delivered."),
    "reminder.withdrawn": ("La relance a été retirée.", "The reminder was withdrawn."),
    "attempt.calling": (
        "Essai {number} par {channel}, étape « {step} »[, politique {policy}].",
        "Attempt {number} over {channel}, step “{step}”[, policy {policy}].",
    ),
    "attempt.answered": (
        "Réponse : {state}[ – {class}][ (code {code})][, nouvel essai dans {pause_s} s].",
        "Answer: {state}[ – {class}][ (code {code})][, tried again in {pause_s} s].",
    ),
    "attempt.unconfirmed": (
        "On ne sait pas si l’envoi est parti[ : {why}]. Rien n’est renvoyé avant de le savoir.",
        "Whether it was sent is unknown[: {why}]. Nothing is sent again until it is known.",
    ),
    "attempt.resolved": (
        "Le doute est levé – d’après {by_whom} : {state}.",
        "The doubt is over – says {by_whom}: {state}.",
    ),
    "address.suppressed": (
        "Une adresse ne sert plus par {channel}[ : {why}].",
        "An address is used no more over {channel}[: {why}].",
    ),
    "address.lifted": (
        "Une adresse sert de nouveau par {channel}.",
        "An address is used again over {channel}.",
    ),
    "receipt.settled": (
        "{provider} rapporte « {word} »[ (code {code})] : {state}.",
        "{provider} reports “{word}”[ (code {code})]: {state}.",
    ),
    "inbound.received": ("Le client a répondu par {channel}.", "The customer replied over {channel}."),
    "inbound.stopped": (
        "Le client ne veut plus être contacté par {channel} : l’adresse ne sert plus.",
        "The customer does not want to be contacted over {channel}: the address is used no more.",
    ),
    "inbound.started": (
        "Le client veut de nouveau être contacté par {channel}.",
        "The customer wants to be contacted over {channel} again.",
    ),
}

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_NAME = re.compile(r"\{(\w+)\}")
_WORDED = frozenset({"channel", "state", "class", "why", "kind", "level", "tone", "outcome", "by_whom"})


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a journal for people; `why` are the reasons behind it."""

    at: datetime
    text: str
    why: tuple[str, ...] = ()


def tell(entry: Entry, language: str, zone: tzinfo) -> Told:
    """A journal entry as a sentence with its reasons. What has no sentence is shown by its name and facts."""
    facts = dict(entry.facts)
    reasons = facts.pop("reasons", None)
    facts.update(facts.pop("reminder", None) or {})
    if facts.get("class") == facts.get("state"):  # "accepted", said once
        facts.pop("class", None)
    bare = " ".join([entry.event, *(f"[{name}={{{name}}}]" for name in facts)])
    pattern = EVENTS.get(entry.event, (bare, bare))[LANGUAGES.index(language)]
    return Told(entry.at, _filled(pattern, facts, language, zone), explain(reasons, language, zone))


def explain(reasons: object, language: str, zone: tzinfo) -> tuple[str, ...]:
    """Reasons as a plan's JSON holds them (`[{"code", "facts"}]`), as sentences."""
    found = reasons if isinstance(reasons, list) else []
    return tuple(_reason(each["code"], each.get("facts") or {}, language, zone) for each in found)


def shown(value: object, language: str, zone: tzinfo) -> str:
    """A fact for people: instants and dates as the language writes them, lists joined, the rest as it is."""
    match value:
        case list():
            return listed([shown(each, language, zone) for each in value], language)
        case datetime():
            return format_datetime(value, "d MMM y, HH:mm", tzinfo=zone, locale=LOCALES[language])
        case str() if _is_instant(value):
            return shown(datetime.fromisoformat(value), language, zone)
        case str() if _is_date(value):
            return long_date(date.fromisoformat(value), language)
        case _:
            return str(value)


def _reason(code: str, facts: Mapping[str, Any], language: str, zone: tzinfo) -> str:
    patterns = REASONS[Code(code)] if code in set(Code) else (code, code)
    return _filled(patterns[LANGUAGES.index(language)], facts, language, zone)


def _filled(pattern: str, facts: Mapping[str, Any], language: str, zone: tzinfo) -> str:
    told = {
        name: word(str(value), language) if name in _WORDED else shown(value, language, zone)
        for name, value in facts.items()
        if value not in (None, "", [])
    }
    whole = _OPTIONAL.sub(
        lambda part: part[1] if all(name in told for name in _NAME.findall(part[1])) else "", pattern
    )
    return _NAME.sub(lambda found: told.get(found[1], "…"), whole)


def _is_instant(text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text) is not None


def _is_date(text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d\d-\d\d", text) is not None
