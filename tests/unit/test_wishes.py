"""A reply that is a keyword is a wish; a sentence is not."""

import pytest

from channels.wishes import Wish, is_bare, wish_of


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
        "STOP STOP",
        "stop stop stop !!!",
        "STOP ARRÊT",
        "STOPPEZ",
        "Stopper",
        "STOP au 36180",
        "Stop !",
        "stop aux SMS",
        "Désabonnez-moi",
        "désinscrivez-moi svp",
        "Arrêter les SMS",
        "Arrêtez les SMS, s’il vous plaît. Merci !",
        "Arrêtez vos relances",
        "Bonjour, stop, merci",
        "Unsubscribe me",
        "stop these messages please",
        "STOP 06 12 34 56 78",
        "STOP +32 470 12 34 56",
        "STOP +41 79 123 45 67",
        "STOP +1 415 555 0100",
        "STOP +31 6 12 34 56 78",
        "STOP 447700900123",
        "STOP 020 7946 0018",
        "STOP 0612 34 56 78",
        "STOP 06 12 26 10 30",
        "STOP 8850",
        "STOP 123456",
        "UNSUBSCRIBE 123456",
        "STOP 36 180",
        "STOP 1",
        "STOP 15",
        "STOP SMS 1, merci",
        "STOP 2024-118",
        "STOP au +32 470 12 34 56",
        "ok stop now",
        "Stop maintenant",
    ],
)
def test_a_stop_word_is_taken_however_it_is_written(body: str) -> None:
    assert wish_of(body) is Wish.STOP
    assert is_bare(body)


@pytest.mark.parametrize(
    "body",
    [
        "STOP\nLuc Martin",
        "Stop\r\n\r\n-- \r\nBoulangerie Martin\r\n12 rue des Lilas\r\n01 23 45 67 89",
        "Arrêt\nEnvoyé de mon iPhone",
        "Bonjour Madame,\nSTOP\nLuc Martin",
        "Désabonnez-moi.\nAnne Martin, Boulangerie Martin",
        "Stop! I have paid.",
        "STOP. Vous vous trompez de numéro",
        "Arrêtez de m'écrire",
        "Arrêtez de m’écrire, j’ai déjà payé",
        "Bonjour, cessez de me relancer svp",
        "arrêtez de m'envoyer des messages",
        "Ne m'écrivez plus.",
        "Merci de ne plus me contacter",
        "Veuillez ne plus m'envoyer de SMS sur ce numéro",
        "je ne veux plus recevoir vos messages",
        "J'ai réglé hier. Ne me relancez plus !",
        "Retirez-moi de votre liste",
        "Arrêtez les relances, j'ai payé",
        "ne m'écris plus",
        "Stop texting me",
        "please stop sending me these messages, thanks",
        "Don't text me again",
        "do not contact us any more",
        "Remove my number from your list",
        "No more texts please",
        "I no longer want to receive your messages",
        "Unsubscribe me from this list\nKind regards\nAnne",
        "Merci d'arrêter de m'écrire",
        "Pouvez-vous arrêter de m'envoyer des SMS",
        "Merci de cesser de me relancer",
        "ARRETE DE M ECRIRE",
        "Arrêtez de m\u00b4écrire",
        "J'ai déjà payé.\nSTOP",
        "J'ai déjà payé.\nSTOP, merci",
        "Ne me contactez plus par SMS",
    ],
)
def test_a_clear_wish_is_taken_with_what_stands_beside_it_and_read_too(body: str) -> None:
    assert wish_of(body) is Wish.STOP
    assert not is_bare(body)


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
        "stop à la facture, il y a une erreur",
        "l'arrêt du chantier",
        "L’arrêt du chantier est prévu demain. Merci",
        "le train s'est arrêté",
        "arrêt maladie",
        "Je suis en arrêt jusqu'à lundi",
        "Cancel. The invoice is wrong",
        "End\nof the month",
        "on arrête tout ?",
        "Arrêtez de m'envoyer la facture au mauvais nom",
        "don't contact me before Monday",
        "Ne m'envoyez plus la facture par la poste",
        "please stop by tomorrow",
        "nous cessons notre activité",
        "START\nLuc Martin",
        "restart",
        "ne vous arrêtez pas",
        "Retirez-moi cette pénalité",
        "I don't want to pay",
        "stop the works",
        "Arrêté au 31/12",
        "Stop au 15",
        "Stop les rappels au 15 12",
        "Quit A 30",
        "Ok, end 15/12",
        "Stop 15.12.2026",
        "Stop 01/12/2026 10",
        "Stop 15/12/26 10:30",
        "Stop 15 12 2026",
        "Stop 12/15",
        "Stop 2026-12-15",
        "Stop 12/2026",
        "Stop au 2026",
        "Stop le 15",
        "Nous sommes fermés jusqu'au 4. Stop SMS: 36111",
        "Nous sommes fermés jusqu'au 4.\nSTOP SMS 36111",
        "Nous sommes fermés jusqu'au 4.\nSTOP 36111",
        "We are closed. No more texts? Reply STOP",
        "Ne me contactez plus par téléphone",
        "Do not contact me on my phone",
        "Pouvez-vous arrêter de m'écrire avant 9 h",
    ],
)
def test_a_sentence_is_no_wish(body: str) -> None:
    """A person reads it; taking it for a wish would close a channel that nobody asked to close."""
    assert wish_of(body) is None


def test_what_is_no_wish_is_not_bare_either() -> None:
    assert not is_bare("bonjour")
    assert not is_bare("STOP" + " " * 300 + "la facture est fausse")
