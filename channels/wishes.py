"""What a customer's reply asks of us: to be left alone, or to be written to again.

The vendors' files call it with the text of an incoming message. It never guesses from a sentence.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum


class Wish(StrEnum):
    """The two replies that change whether an address may be used."""

    STOP = "stop"
    START = "start"


_STOP_ENGLISH = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
"""Twilio obeys these itself, for long codes. Source: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
(2026-11)."""
_STOP_FRENCH = frozenset(
    {"ARRET", "ARRETE", "ARRETER", "ARRETEZ", "DESABONNER", "DESABONNEZ", "DESABONNEMENT"}
    | {"DESINSCRIRE", "DESINSCRIVEZ", "DESINSCRIPTION"}
)
"""Only we obey these."""
_STOP = _STOP_ENGLISH | _STOP_FRENCH

_START = frozenset({"START", "UNSTOP", "REABONNER", "REABONNEMENT"})
"""Without YES, which Twilio takes: "yes" answers the questions that our reminders ask."""

_ASIDE = frozenset(
    {"SMS", "TEXTO", "TEXTOS", "MESSAGE", "MESSAGES", "WHATSAPP", "ALL", "TOUT"}
    | {"MERCI", "SVP", "SIL", "VOUS", "PLAIT", "ME", "PLEASE", "THANKS"}
)
_MOST_WORDS = 6


def wish_of(body: str) -> Wish | None:
    """The wish in a reply, or None for ordinary text.

    Case, accents and punctuation do not matter. The keyword must be the whole reply, polite words and numbers
    (`STOP 36180`) aside: "Stop SMS, merci" is a wish, "Stop by tomorrow" is not.
    """
    words = _words(body)
    rest = [word for word in words if word not in _ASIDE and not word.isdigit()]
    if len(rest) != 1 or len(words) > _MOST_WORDS:
        return None
    if rest[0] in _STOP:
        return Wish.STOP
    return Wish.START if rest[0] in _START else None


def _words(body: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", body[:200])
    letters = "".join(mark for mark in plain if not unicodedata.combining(mark)).upper()
    return re.findall(r"\w+", re.sub(r"OPT[ -]OUT", "OPTOUT", re.sub("['’]", "", letters)))
