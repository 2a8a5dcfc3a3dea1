"""Words on their way: a brand travels with the mail, and `template show` says of an invoice what would be said."""

from dataclasses import replace
from pathlib import Path

import pytest

from channels.port import Message
from channels.recording import Recording
from channels.render import Renderer
from cli.main import main
from config.looks import load_looks
from config.wiring import TEMPLATES
from domain.levels import Channel
from domain.outcomes import Outcome
from tests.factories import invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline, clock_setting

Captured = pytest.CaptureFixture[str]
BRAND = "name: Dupont & fils\nreply_to: compta@dupont.example.com\naddress: informal\n"


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """An operator's folder with a brand."""
    (tmp_path / "brand.yaml").write_text(BRAND, encoding="utf-8")
    return tmp_path


class Keeping(Recording):
    """A way out that keeps what it was given."""

    def __init__(self) -> None:
        self.kept: list[Message] = []

    async def send(self, message: Message) -> Outcome:
        self.kept.append(message)
        return await super().send(message)


def test_a_brands_name_and_reply_address_travel_with_the_mail(pipeline: Pipeline, words: Path) -> None:
    way = Keeping()
    renderer = Renderer(TEMPLATES, {}, load_looks(str(words)))
    services = replace(
        pipeline.services, renderer=renderer, channels={**pipeline.services.channels, Channel.EMAIL: way}
    )
    branded = Pipeline(services, pipeline.runner).at(TUESDAY_0930)
    branded.take(invoice_event(invoice={"due_on": "2026-11-20"}))
    branded.deliver_due()

    [mail] = way.kept
    assert (mail.from_name, mail.reply_to) == ("Dupont & fils", "compta@dupont.example.com")
    assert "ton règlement" in mail.rendered.text


@pytest.fixture
def at_the_desk(
    pipeline: Pipeline, database_url: str, bare_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C-17 owes F-2026-0042; the verbs find the database in their environment."""
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    monkeypatch.setenv("RELANCE_CLOCK", clock_setting(TUESDAY_0930))
    monkeypatch.setenv("RELANCE_LOG_LEVEL", "error")
    pipeline.take(invoice_event(invoice={"due_on": "2026-11-20"}))


@pytest.mark.usefixtures("at_the_desk")
def test_show_says_what_a_step_would_say_of_a_real_invoice(capsys: Captured) -> None:
    number = invoice_event()["data"]["invoice"]["number"]

    assert main(["template", "show", "first", "--invoice", number]) == 0
    told = capsys.readouterr().out
    assert told.startswith("fr/email/courteous\n")
    assert number in told

    assert main(["template", "show", "first", "--invoice", number, "--language", "en", "--channel", "letter"]) == 0
    assert capsys.readouterr().out.startswith("en/email/courteous\nLetter to send: ")


@pytest.mark.usefixtures("at_the_desk")
def test_show_of_an_invoice_or_a_step_that_is_not_there(capsys: Captured) -> None:
    assert main(["template", "show", "first", "--invoice", "nothing"]) == 2
    assert capsys.readouterr().err == "relance: the seller default has no customer and no invoice 'nothing'\n"
    number = invoice_event()["data"]["invoice"]["number"]
    assert main(["template", "show", "dance", "--invoice", number]) == 2
    assert capsys.readouterr().err.startswith(
        "relance: 'dance' is no step of this customer's ladder: heads-up, first, "
    )
