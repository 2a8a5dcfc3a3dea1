"""The lint finds what must not reach a customer, in an operator's own templates, and nothing in the shipped ones."""

from pathlib import Path

import pytest

from channels.brand import Brand, Look
from channels.check import Finding, check
from channels.lint import Rule
from channels.port import Address
from channels.render import Renderer
from channels.samples import REMINDERS, Case, samples
from config.looks import load_looks
from domain.levels import Channel, Level
from tests.content_factories import SIDS, TEMPLATES

STEPS = {"first": Level.COURTEOUS, "notice": Level.FORMAL}

PLANTED = [
    # file, block, what it says, the rule, what is told
    ("fr/email/courteous", "closing", "Réglez vite, ou vous le regretterez.", Rule.THREAT, "regretter"),
    ("en/email/firm", "closing", "We will not hesitate to act.", Rule.THREAT, "will not hesitate"),
    ("fr/email/firm", "closing", "Dernier avertissement.", Rule.THREAT, "Dernier avertissement"),
    ("fr/email/formal", "when", "Quand ? Sinon notre huissier viendra.", Rule.JUDICIAL, "huissier"),
    ("en/sms/firm", "when", "When? Or we go to court.", Rule.JUDICIAL, "court"),
    ("fr/whatsapp/formal", "closing", "Une procédure judiciaire suivra.", Rule.JUDICIAL, "judiciaire"),
    ("fr/email/courteous", "why_late", "Des pénalités de retard courent.", Rule.EARLY, "pénalit"),
    ("en/email/upcoming", "closing", "A late fee applies.", Rule.EARLY, "late fee"),
    ("fr/sms/firm", "opening", "Mise en demeure : {{ what() }} pas encore reçu.", Rule.EARLY, "Mise en demeure"),
    ("fr/email/formal", "closing", "Frais de recouvrement : 40 €.", Rule.CHARGES, "to a consumer"),
    ("en/email/formal", "closing", "Plus compensation of 40 euros.", Rule.CHARGES, "to a consumer"),
    ("fr/sms/courteous", "questions", "Question ? Profitez de -20 %.", Rule.PROMOTION, "Profite"),
    ("en/whatsapp/courteous", "closing", "Use voucher X1. Thanks.", Rule.PROMOTION, "voucher"),
    ("fr/email/courteous", "opening", "Bonjour.", Rule.MISSING, "not received yet"),
    ("en/email/courteous", "when", "Thanks.", Rule.MISSING, "when will you pay?"),
    ("fr/email/firm", "questions", "Merci.", Rule.MISSING, "a question or a problem?"),
    ("en/sms/courteous", "opening", "{{ seller }}: not received yet.", Rule.MISSING, "the invoice number"),
    ("fr/email/courteous", "closing", "{{ prenom }}", Rule.BROKEN, "'prenom' is undefined"),
    ("fr/sms/upcoming", "brief_when", "Quand ? " + "Merci de nous le dire. " * 9, Rule.SEGMENTS, "takes 3 segments"),
    ("fr/email/firm", "closing", "Votre mauvaise foi est évidente.", Rule.REPROACH, "mauvaise foi"),
    ("en/email/firm", "closing", "PAY NOW, PLEASE!!", Rule.SHOUTING, "PLEASE"),
    ("fr/email/courteous", "closing", "Merci à toi.", Rule.ADDRESS, "toi"),
    ("fr/email/courteous", "closing", "Écrivez à {{ reply_to }}.", Rule.UNFILLED, "None"),
    ("en/sms/courteous", "when", "When? bit.ly/x", Rule.LINK, "bit.ly/"),
    ("fr/email/courteous", "qr", '<img src="https://t.example.com/p.gif">', Rule.REMOTE, "t.example.com"),
    ("en/email/courteous", "brand", "<script>1</script>", Rule.REMOTE, "<script"),
    ("en/whatsapp/firm", "closing", "Pay: {{ pay }}", Rule.SHAPE, "ends with a variable"),
    ("fr/email/check_in", "closing", "Et votre facture ?", Rule.MONEY, "facture"),
    ("en/email/survey", "opening", "How was it?", Rule.MISSING, "the scale"),
]


def planted(tmp_path: Path, file: str, words: str) -> tuple[Finding, ...]:
    """What the check finds once a template of one's own says this."""
    own = tmp_path / f"{file}.j2"
    own.parent.mkdir(parents=True)
    own.write_text(words, encoding="utf-8")
    language, channel, *_ = file.split("/")
    channels = [Channel(channel)] if channel in list(Channel) else list(Channel)
    return check(Renderer(TEMPLATES, SIDS, load_looks(str(tmp_path))), "", STEPS, [language], channels).findings


@pytest.mark.parametrize(("file", "block", "words", "rule", "told"), PLANTED)
def test_a_planted_fault_is_found_where_it_is(
    tmp_path: Path, file: str, block: str, words: str, rule: Rule, told: str
) -> None:
    text = f'{{% extends "shipped/{file}.j2" %}}{{% block {block} %}}{words}{{% endblock %}}'
    findings = planted(tmp_path, file, text)

    assert [one for one in findings if one.fault.rule is rule and told in one.fault.told], findings
    assert {one.template for one in findings} <= {file, file.replace("formal", "final")}
    assert {one.fault.rule for one in findings} <= {rule, Rule.MISSING, Rule.SEGMENTS}


@pytest.mark.parametrize("address", list(Address))
def test_nothing_is_found_in_the_shipped_set(address: Address) -> None:
    report = check(Renderer(TEMPLATES, SIDS, {"": Look(brand=Brand(address=address))}), "", STEPS)

    assert report.findings == ()
    assert all(cost.segments <= 2 for cost in report.longest.values())
    assert len(report.longest) == 14


def test_the_longest_sms_are_looked_at_in_three_currencies_and_by_transfer() -> None:
    """Both took a third segment before they were looked at."""
    longest = [one.content.lines for one in samples("fr", Channel.SMS, longest=True)]

    assert any(len({line.balance.currency for line in lines}) == 3 for lines in longest)
    assert any(line.part and line.iban and not line.payment_url for lines in longest for line in lines)


def test_vous_in_the_words_of_a_seller_who_says_tu_is_found(tmp_path: Path) -> None:
    (tmp_path / "brand.yaml").write_text("address: informal")
    found = planted(
        tmp_path, "fr/email/firm", '{% extends "shipped/fr/email/firm.j2" %}{% block closing %}À vous.{% endblock %}'
    )
    assert [str(one) for one in found] == [
        "fr/email/firm (one): form of address: “vous”: the brand's address is informal"
    ]


def test_a_brands_logo_is_no_remote_content() -> None:
    look = Look(brand=Brand(logo="https://x.example.com/logo.png?a=1&b=2", name="Dupont & fils"))
    assert check(Renderer(TEMPLATES, SIDS, {"": look}), "", STEPS).findings == ()


def test_a_steps_own_words_are_checked_at_the_steps_level(tmp_path: Path) -> None:
    words = '{% extends "fr/email/formal.j2" %}{% block closing %}Mise en demeure.{% endblock %}'
    assert planted(tmp_path / "notice", "fr/email/steps/notice", words) == ()
    [early] = planted(tmp_path / "first", "fr/email/steps/first", words)
    assert (early.template, early.fault.rule) == ("fr/email/steps/first", Rule.EARLY)


def test_charges_that_are_named_by_the_policys_step_are_no_fault() -> None:
    """The sample `full` has them."""
    assert Case.FULL in REMINDERS
    findings = check(Renderer(TEMPLATES, SIDS), "", STEPS)
    assert findings.findings == ()
    assert {"fr/email/formal", "en/email/formal"} <= findings.rendered


def test_a_fault_in_a_shared_file_is_found_in_every_template_of_it(tmp_path: Path) -> None:
    words = '{% extends "shipped/en/mail.j2" %}{% block person %}Who is the bailiff?{% endblock %}'
    found = {one.template for one in planted(tmp_path, "en/mail", words)}
    assert found == {f"en/email/{tone}" for tone in ("upcoming", "courteous", "firm", "formal")}


def test_work_for_people_only_has_to_render(tmp_path: Path) -> None:
    words = '{% extends "shipped/fr/phone/firm.j2" %}{% block goal %}Parler du tribunal ?{% endblock %}'
    assert planted(tmp_path / "fine", "fr/phone/firm", words) == ()
    [broken] = planted(tmp_path / "broken", "fr/phone/firm", words.replace("Parler", "{{ x }}"))
    assert broken.fault.rule is Rule.BROKEN
    assert Channel.PHONE.value in broken.template
