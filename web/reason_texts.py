"""The sentences of reasons, in French and in English; `web/sentences` fills in the facts."""

from __future__ import annotations

from domain.reasons import Code

_WAITS = (
    "[, donc pas avant le {until}][ (la même personne, {who}, a aussi été contactée au sujet d’un autre client)].",
    "[, so not before {until}][ (the same person, {who}, has also been contacted about another customer)].",
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
    Code.CHANNEL_CHOSEN: ("Par {channel}[, à {contact}].", "By {channel}[, to {contact}]."),
    Code.CHANNEL_UNUSABLE: ("Pas par {channel}[ : {why}].", "Not by {channel}[: {why}]."),
    Code.NO_USABLE_CHANNEL: (
        "Aucun canal utilisable pour l’étape « {step} » : un contact est à corriger.",
        "No usable channel for step “{step}”: a contact needs repair.",
    ),
    Code.OUTSIDE_HOURS: (
        "Hors des heures permises ({channel})[, jusqu’au {until}].",
        "Outside the permitted hours ({channel})[, until {until}].",
    ),
    Code.SPREAD: (
        "Réparti dans la plage horaire[ : pas avant le {until}].",
        "Spread over the window[: not before {until}].",
    ),
    Code.GAP: (
        "Contact récent : au moins {days} {days:jour|jours} entre deux" + _WAITS[0],
        "Contacted lately: at least {days} {days:day|days} between contacts" + _WAITS[1],
    ),
    Code.CAP: (
        "Plafond atteint : {limit} {limit:contact|contacts} en {days} {days:jour|jours}" + _WAITS[0],
        "Limit reached: {limit} {limit:contact|contacts} in {days} {days:day|days}" + _WAITS[1],
    ),
    Code.CALLS_CAP: (
        "Plafond atteint : {limit} {limit:appel|appels} en {days} {days:jour|jours}" + _WAITS[0],
        "Limit reached: {limit} {limit:call|calls} in {days} {days:day|days}" + _WAITS[1],
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
        "{unit} : on attend jusqu’au {until}.",
        "{unit}: it waits until {until}.",
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
    Code.PROMISE_LAPSED: (
        "{unit} : la promesse de payer le {promised_on} est sans effet, une facture étant contestée alors.",
        "{unit}: the promise to pay by {promised_on} has lapsed, as an invoice was disputed then.",
    ),
    Code.PLAN_BROKEN: (
        "{unit} : l’échéance du {due_on} du plan de paiement n’a pas été payée.",
        "{unit}: the instalment of {due_on} of the payment plan was not paid.",
    ),
    Code.UNIT_WAITS_FOR_STATUS: (
        "{unit} attend : statut {code} de la facture électronique.",
        "{unit} waits: e-invoice status {code}.",
    ),
    Code.LADDER_DONE: ("{unit} : toutes les étapes sont passées.", "{unit}: all steps are done."),
    Code.APPROVAL_NEEDED: (
        "{unit} : l’étape « {step} » attend l’accord d’une personne.",
        "{unit}: step “{step}” waits for a person’s approval.",
    ),
    Code.RATE_UNKNOWN: (
        "L’étape « {step} » attend : le taux des pénalités de retard du {half_year} n’est pas connu.",
        "Step “{step}” waits: the late-payment rate for the {half_year} is not known.",
    ),
    Code.RATE_TOO_LOW: (
        "L’étape « {step} » attend : le taux convenu est inférieur au minimum légal du {half_year}.",
        "Step “{step}” waits: the agreed rate is below the legal minimum for the {half_year}.",
    ),
    Code.CUSTOMER_HELD: (
        "Relances suspendues[ jusqu’au {until}][ : {reason}].",
        "Reminders are on hold[ until {until}][: {reason}].",
    ),
    Code.REPLY_UNREAD: (
        "Le client a répondu par {channel} : rien ne part avant qu’une personne ait lu sa réponse.",
        "The customer replied by {channel}: nothing goes out before a person has read the reply.",
    ),
    Code.LOW_SCORE: (
        "Le client a donné la note de {score} sur 10 : rien ne part avant qu’une personne s’en soit occupée.",
        "The customer gave a score of {score} out of 10: nothing goes out before a person has looked into it.",
    ),
    Code.FEED_STALE: (
        "Le flux des paiements s’arrête au {as_of} : on attend d’en savoir plus.",
        "The payment feed ends on {as_of}: we wait to know more.",
    ),
    Code.DELIVERY_RUNNING: ("Une relance est en cours d’envoi.", "A reminder is being delivered."),
    Code.PROVIDER_DOWN: (
        (
            "Le prestataire des messages par {channel} est en panne ou demande une longue pause : "
            "un autre canal, s’il y en a un, passe avant."
        ),
        (
            "The provider of messages by {channel} is down or asks for a long pause: "
            "another channel, if there is one, comes first."
        ),
    ),
    Code.PROVIDER_PAUSED: (
        "Le prestataire des messages par {channel} demande une pause (trop de messages) : rien avant le {until}.",
        "The provider of messages by {channel} asks for a pause (too many messages): nothing before {until}.",
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
