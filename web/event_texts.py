"""The sentences of the journal's events, in French and in English; `web/sentences` fills in the facts."""

from __future__ import annotations

_NEXT = ("[, la suite à partir du {next_on}][ (par {by})].", "[, what follows from {next_on} on][ (by {by})].")

EVENTS: dict[str, tuple[str, str]] = {
    "event.folded": (
        "Événement {type} reçu ({id}, source : {source})[ : {invoices}].",
        "Event {type} taken in ({id}, from {source})[: {invoices}].",
    ),
    "event.rejected": ("Événement refusé[ ({id})][ : champ {field}].", "Event rejected[ ({id})][: field {field}]."),
    "event.quarantined": (
        "L’événement {type} ({id}, source : {source}) n’a pas pu être lu ; il est mis de côté.",
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
        "Planned[: step “{step}” by {channel} on {at}].",
    ),
    "plan.empty": ("Rien n’est prévu.", "Nothing is planned."),
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
        "Tâche terminée : {kind}[, étape « {step} »] – {outcome}[, note {score}/10]" + _NEXT[0],
        "Task closed: {kind}[, step “{step}”] – {outcome}[, score {score}/10]" + _NEXT[1],
    ),
    "task.cancelled": (
        "Tâche annulée : {kind}[, étape « {step} »]. Elle n’a plus d’objet.",
        "Task cancelled: {kind}[, step “{step}”]. There is nothing left to do about it.",
    ),
    "reminder.failed": ("La relance n’a pas pu être remise.", "The reminder could not be delivered."),
    "reminder.withdrawn": ("La relance a été retirée.", "The reminder was withdrawn."),
    "attempt.calling": (
        "Essai {number} par {channel}, étape « {step} »[, politique {policy}].",
        "Attempt {number} by {channel}, step “{step}”[, policy {policy}].",
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
    "document.missing": (
        "Le document de la facture {invoice} n’a pas pu être joint[ : {why}]. L’e-mail est parti sans lui.",
        "The document of invoice {invoice} could not be attached[: {why}]. The e-mail left without it.",
    ),
    "address.suppressed": (
        "Une adresse ne sert plus par {channel}[ : {why}].",
        "An address is no longer used for {channel}[: {why}].",
    ),
    "address.lifted": (
        "Une adresse sert de nouveau par {channel}.",
        "An address is used again for {channel}.",
    ),
    "receipt.settled": (
        "{provider} rapporte « {word} »[ (code {code})] : {state}.",
        "{provider} reports “{word}”[ (code {code})]: {state}.",
    ),
    "inbound.received": ("Le client a répondu par {channel}.", "The customer replied by {channel}."),
    "inbound.stopped": (
        "Le client ne veut plus être contacté par {channel} : l’adresse ne sert plus.",
        "The customer does not want to be contacted by {channel}: the address is no longer used.",
    ),
    "inbound.started": (
        "Le client veut de nouveau être contacté par {channel}.",
        "The customer wants to be contacted by {channel} again.",
    ),
}
