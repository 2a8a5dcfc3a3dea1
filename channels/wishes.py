"""What a customer's reply asks of us: to be left alone, or to be written to again.

The vendors' files call it with the text of an incoming message. It never guesses: a reply that only contains the word
is a reply, which a person reads.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum


class Wish(StrEnum):
    """The two replies that change whether an address may be used."""

    STOP = "stop"
    START = "start"


_STOP_ALONE = frozenset({"CANCEL", "END", "QUIT", "REVOKE"})
_STOP_ENGLISH = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "OPTOUT"})
"""Twilio obeys these and the ones before itself, for long codes; ours with more beside them. What begins with one of
those before may be about something else.
Source: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out (2026-11)."""
_STOP_FRENCH = frozenset(
    {"ARRET", "ARRETE", "ARRETER", "ARRETEZ", "STOPPE", "STOPPER", "STOPPEZ"}
    | {"DESABONNER", "DESABONNEZ", "DESABONNEMENT", "DESINSCRIRE", "DESINSCRIVEZ", "DESINSCRIPTION"}
)
"""Only we obey these."""
_STOP = _STOP_ENGLISH | _STOP_FRENCH

_START = frozenset({"START", "UNSTOP", "REABONNER", "REABONNEMENT"})
"""Without YES, which Twilio takes: "yes" answers the questions that our reminders ask."""

_POLITE = frozenset(
    {"MERCI", "SVP", "STP", "SIL", "VOUS", "TE", "PLAIT", "PLEASE", "THANKS", "THANK", "YOU"}
    | {"BONJOUR", "BONSOIR", "SALUT", "MADAME", "MONSIEUR", "HELLO", "HI", "OK", "NOW", "MAINTENANT"}
)
_ASIDE = _POLITE | frozenset(
    {"SMS", "TEXTO", "TEXTOS", "TEXTS", "MESSAGE", "MESSAGES", "WHATSAPP", "RELANCES", "RAPPELS", "REMINDERS"}
    | {"ALL", "TOUT", "TOUS", "A", "AU", "AUX", "LES", "DES", "CES", "VOS", "THE", "THESE", "ME", "MOI"}
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_TIME = r"(?: (?:[01]?\d|2[0-4])(?: [0-5]\d)?)?"
_A_DATE = re.compile(
    rf"(?!0\d(?: \d\d){{4}}$)(?:{_DAY} {_DAY}(?: (?:20)?2\d)?|{_DAY} 202\d|202\d {_DAY}(?: {_DAY})?){_TIME}"
)
"""Until when, or from when. Other digits are whose messages stop, or at which number, however it is grouped."""
_SHORT = re.compile(r"\d\d?|20\d\d")
"""A day or a year behind "au"; alone ("STOP 1") it is no part of a date."""
_TOLD_TO = (["REPONDEZ"], ["ENVOYEZ"], ["REPLY"], ["SEND"])
"""The last word above a stop that a machine asks for at the end of its answers."""
_MOST_WORDS = 10
_LONGEST = 1600

_CEASE = r"(?:ARRETEZ?|ARRETER|CESSE[RZ]?|STOPPEZ?)"
_US = r"(?:ME ?|M ?|NOUS )?"
_WRITE = r"(?:ECRIRE|ENVOYER|CONTACTER|RELANCER|DERANGER|HARCELER|SOLLICITER)"
_WRITES = r"(?:ECRI(?:VEZ|S)|ENVO(?:YEZ|IE)|CONTACTEZ?|RELANCEZ?|DERANGEZ?|HARCELEZ?|SOLLICITEZ?)"
_NOUNS = r"(?:SMS|TEXTOS?|TEXTS?|MESSAGES?|RELANCES?|RAPPELS?|REMINDERS?)"
_THEM = rf"(?: (?:{_NOUNS}|DE|DES|LES|CES|VOS|TOUS|SUR|PAR|A|CE|MON|NUMERO))*"
_ENGLISH = rf"(?: (?:{_NOUNS}|ANY|MORE|ANYMORE|AGAIN|THE|THESE|YOUR|TO|ON|THIS|MY|NUMBER))*"
_LIST = r"(?: (?:DE|VOTRE|VOS|LA|LES|LISTES?|FROM|OFF|YOUR|THIS|THE|LISTS?))*"
_CLEAR = re.compile(
    rf"(?:DE? ?|POUVEZ |POURRIEZ |VEUILLEZ )?{_CEASE} D(?:E )?{_US}{_WRITE}{_THEM}"
    rf"|N(?:E )?{_US}{_WRITES} PLUS{_THEM}"
    rf"|(?:VEUILLEZ |PRIERE DE |DE )?NE PLUS {_US}{_WRITE}{_THEM}"
    rf"|JE NE (?:VEUX|SOUHAITE|DESIRE) PLUS (?:RECEVOIR|ETRE CONTACTEE?|ETRE RELANCEE?){_THEM}"
    rf"|(?:DESABONNEZ?|DESINSCRIVEZ|RETIREZ|ENLEVEZ|SUPPRIMEZ) (?:MOI|NOUS|MON NUMERO){_LIST}"
    rf"|(?:DE? ?)?{_CEASE} D(?:E )?{_US}(?:ECRIRE|ENVOYER){_THEM} SUR MON (?:TELEPHONE|PORTABLE|MOBILE)"
    rf"|{_CEASE}(?: (?:A|AUX|LES|CES|VOS|TOUS))* {_NOUNS}"
    rf"|(?:STOP (?:TEXTING|MESSAGING|SENDING)|(?:DO NOT|DONT|NEVER) (?:TEXT|MESSAGE)){_ENGLISH} PHONE"
    rf"|STOP (?:TEXTING|MESSAGING|CONTACTING|WRITING|SENDING|BOTHERING)(?: TO)?(?: ME| US)?{_ENGLISH}"
    rf"|(?:DO NOT|DONT|NEVER) (?:TEXT|MESSAGE|CONTACT|WRITE|SEND)(?: TO)?(?: ME| US){_ENGLISH}"
    rf"|(?:REMOVE|DELETE|TAKE|UNSUBSCRIBE) (?:ME|US|MY NUMBER){_LIST}"
    rf"|I (?:DO NOT|DONT|NO LONGER) (?:WANT|WISH) TO (?:RECEIVE|GET|BE CONTACTED){_ENGLISH}"
)
"""A clause that asks us to stop writing and says nothing else: no "until", no "before Monday", no other channel."""
_CLEAR_FIRST = re.compile(rf"STOP(?: (?:A|AUX|LES|CES|VOS|TOUS|ALL|THE|THESE|YOUR))* {_NOUNS}|NO MORE {_NOUNS}")
"""One that counts as the first only: `Stop SMS: 36111` below something else is what a machine adds to its answers."""


def wish_of(body: str) -> Wish | None:
    """The wish in a reply, or None for ordinary text.

    Case, accents and punctuation do not matter. The keyword must be the whole reply, polite words and a sender's
    number (`STOP 36180`) aside: "Stop SMS, merci" is a wish, "Stop by tomorrow" and "Stop au 15" are not. A stop may
    also be the first line or sentence (a signature below it), all of the last line, or be asked for in a clause of
    its own ("arrêtez de m'écrire").
    """
    plain = _plain(body)
    lines = [line for line in re.split(r"[!?\r\n]+|[.](?!\d)", plain) if _unpolite(line)]
    if _keyword(plain) in _STOP | _STOP_ALONE or (lines and _keyword(lines[0]) in _STOP):
        return Wish.STOP
    clauses = [clause for clause in map(_unpolite, re.split(r"[.!?,;:\r\n]+", plain)) if clause]
    if any(_CLEAR.fullmatch(clause) for clause in clauses) or (clauses and _CLEAR_FIRST.fullmatch(clauses[0])):
        return Wish.STOP
    above, _, last = plain.rstrip().rpartition("\n")
    if _unpolite(last) in _STOP and _words(above)[-1:] not in _TOLD_TO:
        return Wish.STOP
    return Wish.START if _keyword(plain) in _START else None


def is_bare(body: str) -> bool:
    """Whether a wish is all that the reply says, so that nobody has to read it."""
    return _keyword(_plain(body)) is not None


def _keyword(text: str) -> str | None:
    """The keyword (one of them, if all say the same) that the text is, polite words and a sender's number aside."""
    words = _words(text)
    digits = [word for word in words if word.isdigit()]
    rest = {word for word in words if word not in _ASIDE} - set(digits)
    kinds = (_STOP | _STOP_ALONE, _START)
    is_one = any(rest and rest <= kind for kind in kinds) and len(words) <= _MOST_WORDS
    if _is_when(words, " ".join(digits)):
        return None
    return min(rest, key=lambda word: (word in _STOP_ALONE, word)) if is_one else None


def _is_when(words: list[str], digits: str) -> bool:
    return bool(_A_DATE.fullmatch(digits) or (_SHORT.fullmatch(digits) and not {"A", "AU"}.isdisjoint(words)))


def _unpolite(clause: str) -> str:
    return " ".join(word for word in _words(clause) if word not in _POLITE)


def _plain(body: str) -> str:
    """In capitals without accents and apostrophes."""
    plain = unicodedata.normalize("NFKD", re.sub("[´`‘’ʼ′]", "'", body[:_LONGEST]))
    letters = "".join(mark for mark in plain if not unicodedata.combining(mark)).upper()
    return re.sub(r"OPT[ -]OUT", "OPTOUT", letters.replace("'", ""))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)
