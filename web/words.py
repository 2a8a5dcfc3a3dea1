"""The pages' words in French and English: a word for each state, channel, level and cause, labels by `label_texts`.

Called by `web/views` and `web/sentences`. A word that is not here is shown as it is.
"""

from __future__ import annotations

from babel.numbers import format_decimal

from channels.words import LOCALES, unbroken
from web.label_texts import LABELS

LANGUAGES = ("fr", "en")

WORDS: dict[str, tuple[str, str]] = {
    # channels
    "email": ("e-mail", "e-mail"),
    "sms": ("SMS", "SMS"),
    "whatsapp": ("WhatsApp", "WhatsApp"),
    "phone": ("appel", "phone call"),
    "letter": ("courrier", "letter"),
    "visit": ("visite", "visit"),
    "meeting": ("rendez-vous", "meeting"),
    "check_in": ("prise de nouvelles", "check-in"),
    "survey": ("enquête de satisfaction", "survey"),
    "task": ("transmission", "hand-off"),
    # levels
    "upcoming": ("avant échéance", "upcoming"),
    "courteous": ("courtois", "courteous"),
    "firm": ("ferme", "firm"),
    "formal": ("formel", "formal"),
    "final": ("dernier recours", "final"),
    # states of an attempt
    "calling": ("en cours", "calling"),
    "unconfirmed": ("non confirmé", "unconfirmed"),
    "accepted": ("accepté", "accepted"),
    "deferred": ("différé", "deferred"),
    "sent": ("envoyé", "sent"),
    "delivered": ("remis", "delivered"),
    "read": ("lu", "read"),
    "undelivered": ("non remis", "undelivered"),
    "refused": ("refusé", "refused"),
    "expired": ("expiré", "expired"),
    "opened": ("à faire", "opened"),
    "done": ("fait", "done"),
    "cancelled": ("annulé", "cancelled"),
    # why an address is out of use
    "by_hand": ("à la main", "by hand"),
    "hard_bounce": ("adresse inexistante", "the address does not exist"),
    "spam_report": ("signalé comme indésirable", "reported as spam"),
    # who ends a doubt
    "provider": ("le prestataire", "the provider"),
    "person": ("une personne", "a person"),
    # classes of an answer
    "transient": ("passager", "passing"),
    "not_begun": ("pas parti de chez nous", "never left here"),
    "permanent_address": ("adresse inutilisable", "address unusable"),
    "opt_out": ("opposition du destinataire", "the recipient opted out"),
    "misconfigured": ("notre réglage est faux", "our set-up is wrong"),
    "content": ("contenu refusé", "content refused"),
    # why a channel cannot be used
    "not_set_up": ("canal non configuré", "channel not set up"),
    "no_contact": ("aucun contact", "no contact"),
    "no_address": ("aucune adresse", "no address"),
    "invalid_address": ("adresse invalide", "invalid address"),
    "no_consent": ("pas d’accord du contact", "no consent"),
    "suppressed": ("adresse à ne plus utiliser", "address must not be used"),
    "has_failed": ("déjà essayé sans succès", "already tried in vain"),
    # why an invoice stays apart
    "hand_off": ("transmission interne", "an internal hand-off"),
    "approval": ("attend un accord", "waits for approval"),
    "rate": ("taux des pénalités à renseigner", "its penalty rate has to be given"),
    "level": ("ton trop fort pour elle", "the tone is too strong for it"),
    "firmer": ("sa propre étape est plus ferme", "its own step is firmer"),
    "side_of_due_date": ("de l’autre côté de l’échéance", "on the other side of its due date"),
    "not_late_yet": ("pas encore échue", "not late yet"),
    "lease_expired": ("l’appel n’a pas rendu compte", "the call never reported back"),
    "called_again": ("un appel est à refaire", "a call is to be made again"),
    # what came of a task
    "promised": ("paiement promis", "payment promised"),
    "no_answer": ("pas de réponse", "no answer"),
    "message_left": ("message laissé", "message left"),
    "call_back": ("demande à être rappelé", "asked to be called back"),
    "says_paid": ("dit avoir payé", "says it is paid"),
    "plan_asked": ("demande un échéancier", "asks for a payment plan"),
    "wrong_person": ("pas le bon interlocuteur", "not the right person"),
    "disputed": ("contesté", "disputed"),
    "approved": ("accord donné", "approved"),
    "declined": ("étape écartée", "step declined"),
    "postponed": ("remis à plus tard", "put off"),
    "as_is": ("juste tel quel", "right as it is"),
    "answered": ("a répondu", "answered"),
    "resolved": ("litige réglé", "dispute resolved"),
    # what has to be fixed before a first reminder
    "due_before_issued": ("l’échéance précède la date d’émission", "it is due before it was issued"),
    "lines_differ": ("le total n’est pas la somme des lignes", "its total is not the sum of its lines"),
    "complaint": ("une réclamation est ouverte", "a complaint is open"),
    "payment_method": ("son moyen de paiement n’a pas fonctionné", "the payment method did not work"),
    "issued_on": ("la date d’émission manque", "the issue date is missing"),
    "purchase_order": ("le numéro de commande manque", "the purchase order is missing"),
    "document_url": ("le lien vers la facture manque", "the link to the invoice is missing"),
    "payment_url": ("le lien de paiement manque", "the payment link is missing"),
    "iban": ("l’IBAN manque", "the IBAN is missing"),
    "other_currency": ("un paiement est arrivé dans une autre devise", "a payment came in another currency"),
    "payment_sent": ("le paiement annoncé n’est pas arrivé", "the payment that was announced has not come"),
    "low_score": ("note basse à l’enquête", "a low score in the survey"),
    "document_missing": ("le document n’a pas pu être joint", "the document could not be attached"),
    "copy_refused": ("une adresse en copie a été refusée", "an address in copy was refused"),
    "set_up_wrong": (
        "notre réglage est faux : le prestataire nous refuse",
        "our set-up is wrong, the provider refuses us",
    ),
    "provider_out_of_reach": (
        "le prestataire est resté injoignable : un rappel n’est pas parti",
        "the provider stayed out of reach, a reminder did not leave",
    ),
    "rate_unknown": ("un taux légal manque", "a statutory rate is missing"),
    "rate_too_low": ("le taux convenu est trop bas", "the agreed rate is too low"),
    # why a document could not be attached
    "not_pdf": ("ce n’est pas un PDF", "it is not a PDF"),
    "too_slow": ("son serveur est trop lent", "its server is too slow"),
    "too_large": ("le document est trop gros", "the document is too large"),
    "mail_too_large": ("l’e-mail serait trop gros", "the e-mail would be too large"),
    "too_much_at_once": ("trop de documents à la fois", "too many documents at once"),
    "private_address": ("l’adresse n’est pas publique", "the address is not public"),
    "redirected_away": ("le lien mène à un autre site", "the link leads to another site"),
    "redirected_often": ("le lien renvoie trop souvent ailleurs", "the link redirects too often"),
    "dns": ("le nom du site est introuvable", "the site’s name was not found"),
    "tls": ("la connexion au site n’est pas sûre", "the connection to the site is not secure"),
    "bad_address": ("l’adresse du lien est fausse", "the address of the link is wrong"),
    "connect_timeout": ("le site ne répond pas", "the site does not answer"),
    "read_timeout": ("le site a cessé de répondre", "the site stopped answering"),
    "bad_answer": ("la réponse du site est illisible", "the site’s answer cannot be read"),
    "disconnected": ("la connexion a été coupée", "the connection broke off"),
    "no_socket": ("notre machine n’a plus de connexion libre", "our machine has no connection left"),
    "crashed": ("une erreur de notre côté", "an error on our side"),
    # kinds of internal tasks
    "approve": ("étape à valider", "step to approve"),
    "repair": ("contact à corriger", "contact to repair"),
    "fix": ("point à corriger", "something to fix"),
    "reply": ("réponse à lire", "reply to read"),
    "dispute": ("litige à régler", "dispute to settle"),
}


def said(pair: tuple[str, str], language: str) -> str:
    """The one of two texts of ours that is in the language; the French one with its no-break spaces."""
    french, english = pair
    return unbroken(french) if language == "fr" else english


_SHOWN_OF = ("{} sur {}", "{} of {}")
_SHOWN_OF_MORE = ("{} sur plus de {}", "{} of more than {}")


def shown_of(shown: int, of: int, language: str, *, is_more: bool = False) -> str:
    """How many of how many are shown; `is_more`: nobody counted any further."""
    figures = (format_decimal(figure, locale=LOCALES[language]) for figure in (shown, of))
    return said(_SHOWN_OF_MORE if is_more else _SHOWN_OF, language).format(*figures)


_MORE_THAN = ("plus de {}", "more than {}")


def counted(figure: int, language: str, *, is_more: bool = False) -> str:
    """How many there are; `is_more`: nobody counted any further."""
    written = format_decimal(figure, locale=LOCALES[language])
    return said(_MORE_THAN, language).format(written) if is_more else written


_ANSWER = ("réponse", "answer")


def word(name: str, language: str) -> str:
    """The word for a state, channel, level or cause; the name itself where there is none."""
    if name.startswith("http_"):
        return f"{said(_ANSWER, language)} {name.removeprefix('http_')}"
    return said(WORDS[name], language) if name in WORDS else name


def labels(language: str) -> dict[str, str]:
    """The pages' labels."""
    return {name: said(pair, language) for name, pair in LABELS.items()}
