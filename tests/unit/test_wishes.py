"""A reply that is a keyword is a wish; a sentence is not."""

import pytest

from channels.wishes import Wish, wish_of


@pytest.mark.parametrize(
    "body",
    [
        "STOP",
        "stop",
        " Stop. ",
        "STOP !!!",
        "«Stop»",
        "Stop SMS, merci",
        "stop svp",
        "STOP s'il vous plaît",
        "STOP 36180",
        "stop all",
        "STOPALL",
        "ARRET",
        "Arrêt",
        "arrêtez",
        "arre\u0302t",
        "DÉSABONNER",
        "désinscription",
        "me désinscrire",
        "Unsubscribe",
        "opt-out",
        "OPT OUT",
        "end",
        "quit",
        "revoke",
        "cancel",
        "ＳＴＯＰ",
    ],
)
def test_a_stop_word_is_taken_however_it_is_written(body: str) -> None:
    assert wish_of(body) is Wish.STOP


@pytest.mark.parametrize("body", ["START", "start", "Unstop.", "réabonner"])
def test_a_start_word_lifts_it(body: str) -> None:
    assert wish_of(body) is Wish.START


@pytest.mark.parametrize(
    "body",
    [
        "",
        "👍",
        "oui",
        "yes",
        "Stop by the office tomorrow",
        "je ne peux pas m'arrêter de rire",
        "don't stop",
        "stop start",
        "merci",
        "36180",
        "la facture est payée, stop",
        "résilier",
        "bus stop 12 rue des Lilas",
    ],
)
def test_a_sentence_is_no_wish(body: str) -> None:
    """A person reads it; taking it for a wish would close a channel that nobody asked to close."""
    assert wish_of(body) is None
