"""Words that a message to a customer must not say, and words that a reminder must: by language. Data of `lint` alone.

They are searched for in the rendered words, small and capital letters alike. Fewer and surer: what stands here is
wrong in every message of its kind, whoever the seller is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

Words = Mapping[str, re.Pattern[str]]


def _words(**alternatives: str) -> Words:
    return MappingProxyType({language: re.compile(words, re.IGNORECASE) for language, words in alternatives.items()})


THREATS = _words(
    fr=r"vous (?:le )?regretter|tu (?:le )?regretter|dernier avertissement|à (?:vos|tes) risques|liste noire|"
    r"mauvais payeurs|rendre public|(?:votre|ta) réputation|ne nous forcez pas|"
    r"ne nous obligez pas|n[’']hésiterons pas|"
    r"(?:vos|tes) (?:clients|voisins|collègues)|conséquences (?:graves|lourdes|fâcheuses)|nous savons où",
    en=r"you (?:will|may) regret|last warning|final warning|at your own risk|blacklist|black list|name and shame|"
    r"your reputation|credit rating|do not force us|don[’']t force us|will not hesitate|or else\b|"
    r"your (?:customers|neighbours|colleagues)|(?:serious|severe) consequences|we know where",
)
JUDICIAL = _words(
    fr=r"tribuna|huissier|commissaires? de justice|avocat|assign(?:ation|er)|injonction|saisies?\b|saisir|jugement|"
    r"titre exécutoire|poursui(?:tes|vre)|judiciaire|en justice|sommation|commandement de payer|porter plainte|"
    r"contentieux|greffe\b|République française",
    en=r"\bcourts?\b|lawsuit|\bsue\b|solicitor|lawyer|attorney|bailiff|\bwrit\b|summons|judge?ment|"
    r"legal (?:action|proceedings|steps|department)|prosecut|\bseiz|enforcement|litigation|statutory demand",
)
"""Words of a court's phase. Source: code pénal, 433-13: a letter must not look like a court's."""

NOTICE = _words(fr=r"mise en demeure|mettons en demeure", en=r"formal notice|letter before (?:action|claim)")
"""What a formal mail or letter calls itself, and nothing before it."""

CHARGES = _words(
    fr=r"pénalit|indemnit|intérêts? (?:de retard|moratoire|au taux|légal)|taux de l[’']intérêt|"
    r"frais (?:de (?:recouvrement|dossier|relance|rappel|retard|gestion)|supplémentaires)|majoration|L441",
    en=r"penalt|late[- ](?:payment )?(?:fee|charge|interest)|interest (?:at|of|on|will|is)\b|compensation|"
    r"(?:recovery|collection|reminder|admin\w*) (?:costs?|fees?|charges?)|surcharge|extra charge|L441",
)
PROMOTION = _words(
    fr=r"\boffres?\b|promo|\bremise\b|réduction|rabais|\bsoldes\b|bon plan|profite|découvre[zr]|nouveauté|parrain|"
    r"cadeau|gratuit|[-−]\s?\d+\s?%|stop au \d|\d{5} stop|stop \d{5}",
    en=r"\boffers?\b|promo|discount|voucher|coupon|\bsales?\b|special deal|\bgift\b|\d+\s?% off|discover our|"
    r"new collection|refer a friend|(?:text|reply) stop",
)
"""A reminder with one of these is advertising: another kind of WhatsApp text, and an SMS that needs consent."""

REPROACHES = _words(
    fr=r"mauvaise foi|mauvais payeur|débiteur|négligen|honte|inadmissible|intolérable|inacceptable|malhonnête",
    en=r"bad faith|bad payer|debtor|negligen|shame|unacceptable|intolerable|dishonest|disgrace",
)
MONEY = _words(
    fr=r"facture|règlement|paiement|payer|régler|échéance|€|virement|retard",
    en=r"invoice|payment|\bpay\b|overdue|\bdue\b|€|£|transfer|amount",
)

NOT_RECEIVED = _words(
    fr=r"pas (?:encore )?(?:été )?(?:re[çc]u|parvenu)|non (?:re[çc]u|parvenu|réglé)|reste(?:nt)? à régler|"
    r"en attente (?:de|du) |arrive .{0,40}à échéance",
    en=r"not (?:yet )?(?:been )?received|unpaid|outstanding|awaiting payment|falls? due",
)
WHEN = _words(fr=r"quand|quelle (?:nouvelle )?date|quel jour", en=r"\bwhen\b|(?:what|which) (?:date|day)")
QUESTIONS = _words(fr=r"question|problème|souci", en=r"question|problem|quer(?:y|ies)")
SCALE = re.compile(r"\b1\b.{0,40}\b10\b")

OTHER_ADDRESS = {
    "formal": re.compile(r"\b(?:tu|toi|tes)\b", re.IGNORECASE),
    "informal": re.compile(r"(?<!rendez-)\b(?:vous|votre|vos)\b", re.IGNORECASE),
}
"""Of French: what a reader is not called who is called this."""

SHOUTS = re.compile(r"!{2,}|\b[A-ZÀ-Ý]{5,}\b")
UNFILLED = re.compile(r"\bNone\b|\{\{|\}\}|\{%|%\}|\[[^\[\]\n]*\|[^\[\]\n]*\]")
SHORT_LINKS = re.compile(r"\b(?:bit\.ly|tinyurl\.com|goo\.gl|t\.co|ow\.ly|is\.gd|cutt\.ly|rb\.gy)/", re.IGNORECASE)
"""Carriers filter these, and a reader cannot see where they lead."""

REMOTE = re.compile(
    r"<(?:script|link|iframe|object|embed|form|video|audio|svg|base|style)\b|@import|url\(|\bon\w+=|\bbackground="
    r"|http-equiv|\bsrc=[\"']?(?P<source>[^\"'\s>]+)",
    re.IGNORECASE,
)
"""What makes a mail fetch something, or do something, when it is opened."""
