"""Every reason and every journal event of ours has its sentence, in both languages, with facts that it is given."""

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.wiring import DEFAULT_SELLER
from domain.doubts import OTHER_CURRENCY, PAYMENT_SENT
from domain.gates import COMPLAINT, DUE_BEFORE_ISSUED, LINES_DIFFER, PAYMENT_METHOD
from domain.levels import Channel, Level
from domain.outcomes import AttemptState
from domain.read_policy import REQUIREMENTS
from domain.reasons import Code
from domain.task_outcomes import OUTCOMES_OF, TaskOutcome
from store.journal import Entry
from web.event_texts import EVENTS
from web.label_texts import LABELS
from web.reason_texts import REASONS
from web.sentences import explain, shown, tell, when
from web.words import WORDS

ROOT = Path(__file__).parents[2]
PARIS = ZoneInfo("Europe/Paris")
CAUSES_OF_MISSING = {
    "channels/documents.py": r'why="(\w+)"',
    "channels/http.py": r'(?:Error, |TransportFault\()"(\w+)"',
    "workers/enclose.py": r'why(?:=| or )"(\w+)"',
}
NOON = datetime(2026, 11, 24, 11, tzinfo=UTC)


def bound(text: str) -> str:
    """`~` stands for a no-break space, as in TeX."""
    return text.replace("~", "\u00a0")


def journaled() -> set[str]:
    """The events that the steps write: the third argument of each Entry."""
    found = set()
    for path in (ROOT / "workers").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for call in re.findall(r"Entry\((.{0,200})", text, re.DOTALL):
            found |= set(re.findall(r'"([a-z]+\.[a-z_]+)"', call)[:1])
    return found


def test_every_reason_has_its_sentence() -> None:
    assert set(REASONS) == set(Code)


def test_every_journal_event_has_its_sentence() -> None:
    found = journaled()
    assert len(found) >= 6
    assert found <= set(EVENTS)


@pytest.mark.parametrize("pair", [*REASONS.values(), *EVENTS.values()])
def test_both_languages_tell_the_same_facts(pair: tuple[str, str]) -> None:
    assert set(re.findall(r"\{(\w+)\}", pair[0])) == set(re.findall(r"\{(\w+)\}", pair[1]))


def test_every_state_channel_level_task_and_outcome_has_its_word() -> None:
    needed = {*AttemptState, *Channel, *(level.word for level in Level), *OUTCOMES_OF, *TaskOutcome}
    assert needed <= set(WORDS)
    assert all(all(pair) for pair in [*WORDS.values(), *LABELS.values()])


def test_every_cause_of_a_missing_document_has_its_word() -> None:
    """Also what the line itself came to: `refused` is an attempt's word, that serves here too."""
    source = {name: (ROOT / name).read_text(encoding="utf-8") for name in CAUSES_OF_MISSING}
    causes = {cause for name, text in source.items() for cause in re.findall(CAUSES_OF_MISSING[name], text)}
    assert len(causes) >= 15
    assert causes <= set(WORDS)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("fr", "n’a pas pu être joint\u00a0: réponse 404. L’e-mail est parti sans lui."),
        ("en", "could not be attached: answer 404. The e-mail left without it."),
    ],
)
def test_an_answer_that_is_no_document_is_told_by_its_number(language: str, sentence: str) -> None:
    facts = {"invoice": "F-404", "why": "http_404"}
    assert tell(Entry(DEFAULT_SELLER, NOON, "document.missing", facts), language, PARIS).text.endswith(sentence)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("fr", "Contact récent\u00a0: au moins 3 jours entre deux, donc pas avant le 26 nov. 2026, 09:00."),
        ("en", "Contacted lately: at least 3 days between contacts, so not before 26 Nov 2026, 09:00."),
    ],
)
def test_a_reason_is_told_in_the_readers_language_and_zone(language: str, sentence: str) -> None:
    reason = {"code": "gap", "facts": {"days": 3, "until": "2026-11-26T08:00:00+00:00"}}
    assert explain([reason], language, PARIS) == (sentence,)


@pytest.mark.parametrize(
    ("code", "facts", "french", "english"),
    [
        ("gap", {"days": 1}, "au moins 1 jour entre deux.", "at least 1 day between contacts."),
        ("cap", {"limit": 1, "days": 1}, "1 contact en 1 jour.", "1 contact in 1 day."),
        ("cap", {"limit": 1, "days": 7}, "1 contact en 7 jours.", "1 contact in 7 days."),
        ("calls_cap", {"limit": 1, "days": 30}, "1 appel en 30 jours.", "1 call in 30 days."),
        ("calls_cap", {"limit": 2, "days": 30}, "2 appels en 30 jours.", "2 calls in 30 days."),
        ("cap", {}, "… contacts en … jours.", "… contacts in … days."),
    ],
)
def test_one_is_told_as_one(code: str, facts: dict[str, int], french: str, english: str) -> None:
    """With a cap of one contact in seven days, the sentence is read each week."""
    reason = {"code": code, "facts": facts}
    for language, end in (("fr", french), ("en", english)):
        [told] = explain([reason], language, PARIS)
        assert told.endswith(end)


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        ("2027-01-01", "2027-01-01", "2027-01-01"),
        (datetime(2026, 12, 21, 8, tzinfo=UTC), "21 déc. 2026, 09:00", "21 Dec 2026, 09:00"),
        (12.5, "12,5", "12.5"),
        (60.0, "60", "60"),
        (3600.0, "3\u202f600", "3,600"),
        (9, "9", "9"),
        (["1250.00 EUR", "x"], "1250.00 EUR et x", "1250.00 EUR and x"),
    ],
)
def test_a_fact_is_written_as_the_language_writes_it(value: object, french: str, english: str) -> None:
    assert (shown(value, "fr", PARIS), shown(value, "en", PARIS)) == (french, english)


@pytest.mark.parametrize(
    ("kept", "french", "english"),
    [
        ("2027-01-01", "1er janvier 2027", "1 January 2027"),
        ("2027-01-11", "11 janvier 2027", "11 January 2027"),
        ("2026-12-01T08:00:00+00:00", "1er déc. 2026, 09:00", "1 Dec 2026, 09:00"),
        ("one day", "one day", "one day"),
    ],
)
def test_a_kept_day_or_instant_is_written_as_the_language_writes_it(kept: str, french: str, english: str) -> None:
    assert (when(kept, "fr", PARIS), when(kept, "en", PARIS)) == (french, english)


@pytest.mark.parametrize("name", ["2026-11-42", "2026-11-12", "2026-11-12T10:00:00Z"])
def test_what_strangers_name_is_no_date_whatever_it_looks_like(name: str) -> None:
    """An invoice that was named after a day, or a reason that is none, took down the page of all customers."""
    due = {"code": "step_due", "facts": {"unit": name, "step": "first"}}
    held = {"code": "customer_held", "facts": {"reason": name, "until": "2026-12-01"}}
    folded = Entry(DEFAULT_SELLER, NOON, "event.folded", {"type": "t", "id": "e", "source": "s", "invoices": [name]})
    assert explain([due, held], "en", PARIS) == (
        f"{name}: step “first” is due.",
        f"Reminders are on hold until 1 December 2026: {name}.",
    )
    assert tell(folded, "en", PARIS).text == f"Event t taken in (e, from s): {name}."


@pytest.mark.parametrize(
    ("amount", "french", "english"),
    [
        ("1250.00 EUR", " (1\u202f250,00\u00a0€)", " (€1,250.00)"),
        ("5 JPY", " (5\u00a0JPY)", " (JP¥5)"),
        ("lots", " (lots)", " (lots)"),
        (None, "", ""),
    ],
)
def test_an_amount_is_told_as_the_language_writes_it(amount: str | None, french: str, english: str) -> None:
    """The journal keeps it as programs read it. What is none is shown as it is."""
    entry = Entry(DEFAULT_SELLER, NOON, "promise.kept", {"promised_on": "2026-12-01", "amount": amount})
    told = (
        f"Promesse tenue\u00a0: paiement promis pour le 1er décembre 2026{french}.",
        f"Promise kept: payment promised by 1 December 2026{english}.",
    )
    assert (tell(entry, "fr", PARIS).text, tell(entry, "en", PARIS).text) == told


def test_a_step_comes_on_a_day_and_at_no_hour() -> None:
    """`le 10 déc. 2026, 00:00` read as if somebody were written to at midnight. Abroad it begins at some hour."""
    later = {"code": "step_later", "facts": {"unit": "F-1", "step": "first", "moment": "2026-12-09T23:00:00+00:00"}}
    [told] = explain([later], "fr", PARIS)
    assert told.endswith("viendra le 10 décembre 2026.")
    [there] = explain([later], "en", ZoneInfo("America/New_York"))
    assert there.endswith("comes on 9 Dec 2026, 18:00.")


@pytest.mark.parametrize(
    ("half_year", "french", "english"),
    [
        ("2026-H1", "du 1er semestre 2026", "for the first half of 2026"),
        ("2026-H2", "du 2e semestre 2026", "for the second half of 2026"),
    ],
)
def test_a_half_year_is_told_in_words(half_year: str, french: str, english: str) -> None:
    for code in ("rate_unknown", "rate_too_low"):
        reason = {"code": code, "facts": {"step": "formal-notice", "half_year": half_year}}
        assert french in explain([reason], "fr", PARIS)[0]
        assert english in explain([reason], "en", PARIS)[0]


def test_an_answer_says_once_that_it_is_tried_again() -> None:
    facts = {"state": "deferred", "class": "transient", "code": "503", "pause_s": 12.5}
    entry = Entry(DEFAULT_SELLER, NOON, "attempt.answered", facts)
    assert tell(entry, "fr", PARIS).text == (
        "Réponse\u00a0: différé – passager (code 503), nouvel essai dans 12,5 s."
    )
    assert tell(entry, "en", PARIS).text == "Answer: deferred – passing (code 503), tried again in 12.5 s."


def test_what_waits_for_a_person_with_several_customers_says_so() -> None:
    reason = {"code": "cap", "facts": {"limit": 2, "days": 7, "until": "2026-11-30", "who": "p1"}}
    told = "not before 30 November 2026 (the same person, p1, has also been contacted about another customer)."
    assert explain([reason], "en", PARIS) == (f"Limit reached: 2 contacts in 7 days, so {told}",)


def test_an_instalment_of_a_plan_is_told_by_its_number() -> None:
    """Its id is made of the event's, which no collector has ever seen."""
    grouped = {"code": "grouped", "facts": {"unit": "plan:evt-9@billing#2", "lead": "plan:evt##9#1"}}
    whole = {"code": "grouped", "facts": {"unit": "plan:9##2", "lead": "F-1#2"}}
    assert explain([grouped, whole], "en", PARIS) == (
        "instalment 2 of the payment plan goes along with instalment 1 of the payment plan, in one message.",
        "plan:9##2 goes along with F-1#2, in one message.",
    )
    assert explain([grouped], "fr", PARIS)[0].startswith("échéance 2 du plan de paiement part avec échéance 1")


def test_an_invoice_is_told_by_the_number_that_people_know() -> None:
    """Its id is the billing system's (`in_1PgafmB7…`); where no number is known, it is all there is."""
    numbers = {"in_1": "F-2026-0042", "in#2": "F-43"}
    reasons = [
        {"code": "grouped", "facts": {"unit": "in_1#2", "lead": "in_1"}},
        {"code": "ladder_done", "facts": {"unit": "in##2"}},
        {"code": "ladder_done", "facts": {"unit": "in_3#1"}},
    ]
    assert explain(reasons, "fr", PARIS, numbers) == (
        "F-2026-0042 (échéance 2) part avec F-2026-0042, dans le même message.",
        bound("F-43~: toutes les étapes sont passées."),
        bound("in_3#1~: toutes les étapes sont passées."),
    )
    assert explain(reasons[:1], "en", PARIS, numbers)[0].startswith("F-2026-0042 (instalment 2) goes along with")
    facts = {"type": "t", "id": "e", "source": "s", "invoices": ["in_1", "in#2", "in_3"]}
    told = tell(Entry(DEFAULT_SELLER, NOON, "event.folded", facts), "en", PARIS, numbers)
    assert told.text == "Event t taken in (e, from s): F-2026-0042, F-43 and in_3."


def test_what_is_not_known_is_left_out() -> None:
    held = {"code": "customer_held", "facts": {"reason": "", "until": None}}
    promised = {"code": "unit_promised", "facts": {"unit": "F-1", "until": "2026-12-01"}}
    assert explain([held, promised], "en", PARIS) == (
        "Reminders are on hold.",
        "F-1: payment promised, it waits until 1 December 2026.",
    )


@pytest.mark.parametrize(
    ("language", "when", "rest", "by_hand"),
    [
        (
            "fr",
            "Segment «~reliable~»~; au 12 novembre 2026, factures réglées~: 9, impayées depuis longtemps~: 1",
            "~; à temps~: 90~%, retard moyen en jours~: 0.",
            "Segment «~vip~».",
        ),
        (
            "en",
            "Segment “reliable”; as of 12 November 2026, invoices settled: 9, long unpaid: 1",
            "; in time: 90%, mean delay in days: 0.",
            "Segment “vip”.",
        ),
    ],
)
def test_a_segment_is_told_with_its_figures(language: str, when: str, rest: str, by_hand: str) -> None:
    """One that was set by hand has none."""
    figures = {"settled": 9, "unpaid": 1, "in_time_percent": 90, "mean_days_late": 0, "as_of": "2026-11-12"}
    derived = {"code": "segment", "facts": {"name": "reliable", **figures}}
    vip = {"code": "segment", "facts": {"name": "vip"}}
    assert explain([derived, vip], language, PARIS) == (bound(when + rest), bound(by_hand))


def test_what_a_gate_waits_for_has_a_word() -> None:
    assert {*REQUIREMENTS, DUE_BEFORE_ISSUED, LINES_DIFFER, COMPLAINT, PAYMENT_METHOD} <= set(WORDS)
    assert {OTHER_CURRENCY, PAYMENT_SENT} <= set(WORDS)
    gate = {"code": "gate", "facts": {"unit": "F-1", "invoice": "F-1", "why": "purchase_order"}}
    assert explain([gate], "en", PARIS) == (
        "F-1: before a first reminder, a person has to look (the purchase order is missing).",
    )
    opened = tell(Entry(DEFAULT_SELLER, NOON, "task.opened", {"kind": "fix", "why": "iban"}), "fr", PARIS)
    assert opened.text == bound("Tâche ouverte~: point à corriger~: l’IBAN manque.")


def test_a_plan_is_told_with_its_reasons() -> None:
    reminder = {"at": "2026-11-26T08:00:00+00:00", "step": "first", "level": "courteous", "channel": "email"}
    facts = {"policy": "standard@1", "reminder": reminder, "reasons": [{"code": "nothing_owed", "facts": {}}]}
    told = tell(Entry(DEFAULT_SELLER, NOON, "plan.changed", facts), "en", PARIS)
    assert told.text == "Planned: step “first” by e-mail on 26 Nov 2026, 09:00."
    assert told.why == ("Nothing is owed.",)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "fr",
            (
                "Tâche terminée~: appel, étape «~call~» – paiement promis, "
                "la suite à partir du 1er décembre 2026 (par X)."
            ),
        ),
        (
            "en",
            "Task closed: phone call, step “call” – payment promised, what follows from 1 December 2026 on (by X).",
        ),
    ],
)
def test_what_came_of_a_task_is_told(language: str, sentence: str) -> None:
    facts = {"kind": "phone", "step": "call", "outcome": "promised", "next_on": "2026-12-01", "by": "X"}
    assert tell(Entry(DEFAULT_SELLER, NOON, "task.closed", facts), language, PARIS).text == bound(sentence)


def test_what_has_no_sentence_is_shown_as_it_is() -> None:
    """Strangers' words are never read as a pattern."""
    told = tell(Entry(DEFAULT_SELLER, NOON, "moon.rose", {"by": "{at} [x]"}), "fr", PARIS)
    assert told.text == "moon.rose by={at} [x]"
    assert explain([{"code": "new_code"}], "fr", PARIS) == ("new_code",)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (None, "By e-mail, to c1."),
        ({"c1": "Anne Martin"}, "By e-mail, to Anne Martin."),
        ({"c1": ""}, "By e-mail."),
        ({}, "By e-mail."),
    ],
)
def test_a_contact_is_told_by_name_and_not_by_an_id_that_nobody_gave(names: dict[str, str] | None, told: str) -> None:
    """A contact without an id is c1 to us, which says nothing to anybody; who knows no names tells none."""
    chosen = {"code": "channel_chosen", "facts": {"channel": "email", "contact": "c1"}}
    assert explain([chosen], "en", PARIS, names=names) == (told,)


@pytest.mark.parametrize(("names", "who"), [({"p1": "Anne"}, "Anne"), ({}, "p1")])
def test_a_person_with_several_customers_is_told_by_name_where_it_is_known(names: dict[str, str], who: str) -> None:
    reason = {"code": "gap", "facts": {"days": 3, "until": "2026-11-30", "who": "p1"}}
    assert f"(the same person, {who}, has" in explain([reason], "en", PARIS, names=names)[0]


LATER = {"code": "step_later", "facts": {"unit": "F-1", "step": "call", "moment": "2026-11-28T23:00:00+00:00"}}
DUE = {"code": "step_due", "facts": {"unit": "F-1", "step": "call"}}
DUE_NOW = "F-1: step “call” is due."
PROMISED = {"code": "unit_promised", "facts": {"unit": "F-1", "until": "2026-12-26"}}


@pytest.mark.parametrize(
    ("reasons", "told"),
    [
        ([DUE], [DUE_NOW]),
        ([LATER, DUE], ["F-1: step “call” comes on 29 November 2026."]),
        (
            [PROMISED, DUE],
            ["F-1: payment promised, it waits until 26 December 2026.", "F-1: step “call” comes after that."],
        ),
        ([{**PROMISED, "facts": {"unit": "F-2"}}, DUE], ["F-2: payment promised, it waits until ….", DUE_NOW]),
    ],
)
def test_a_step_to_come_is_not_told_as_due(reasons: list[dict[str, object]], told: list[str]) -> None:
    """A plan looks ahead: what is due then is not due on the day on which somebody reads it."""
    assert list(explain(reasons, "en", PARIS)) == told


@pytest.mark.parametrize(("language", "told"), [("fr", "Rien n’est prévu."), ("en", "Nothing is planned.")])
def test_a_plan_of_nothing_is_told_as_that(language: str, told: str) -> None:
    for facts in ({"reminder": None}, {}):
        assert tell(Entry(DEFAULT_SELLER, NOON, "plan.changed", facts), language, PARIS).text == told


@pytest.mark.parametrize(
    ("causes", "told"),
    [
        (["not_set_up", "not_set_up"], "No usable channel for step “first”: none is set up here."),
        (["not_set_up", "no_address"], "No usable channel for step “first”: a contact needs repair."),
        ([], "No usable channel for step “first”: a contact needs repair."),
    ],
)
def test_no_contact_is_blamed_where_no_channel_is_set_up(causes: list[str], told: str) -> None:
    """An operator who forgot the providers' keys was sent to look at each customer."""
    unusable = [{"code": "channel_unusable", "facts": {"channel": "sms", "why": why}} for why in causes]
    reasons = [*unusable, {"code": "no_usable_channel", "facts": {"step": "first"}}]
    assert explain(reasons, "en", PARIS)[-1] == told
