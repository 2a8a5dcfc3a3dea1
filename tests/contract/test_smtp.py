"""E-mail over SMTP: what each word of a server means for the message, and what the reader gets."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from channels.mails import mail_of
from channels.port import File, Message, Rendered
from channels.smtp.sending import AT_ONCE, SmtpChannel, SmtpSettings, read_smtp_url
from channels.smtp.words import outcome_of_reply
from domain.ids import AttemptId
from domain.levels import Channel
from domain.outcomes import Outcome, OutcomeClass
from tests.smtp_server import Mail, Say, SmtpServer, smtp_server

ATTEMPT = AttemptId("0b9c1d1e-4b57-4d5a-8a57-6a54f2c6a111")
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
PASSWORD = "a-password-of-smtp"


def a_message(**changes: object) -> Message:
    rendered = Rendered("fr/test", "Bonjour Anne,\n.une ligne\nà bientôt", "Facture F-1 : 1 234 €", "<p>Été</p>")
    given: dict[str, object] = {
        "attempt_id": ATTEMPT,
        "channel": Channel.EMAIL,
        "to": "anne@example.com",
        "rendered": rendered,
        "to_name": "Anne Martin",
        "from_name": "Atelier Dupont",
    }
    return Message(**(given | changes))  # type: ignore[arg-type] # the fields are the caller's


def channel_to(port: int, *, login: bool = False, host: str = "127.0.0.1", connect_s: float = 0.5) -> SmtpChannel:
    user, password = ("compta", PASSWORD) if login else (None, "")
    settings = SmtpSettings(host, port, "compta@dupont.example", user=user, password=password)
    return SmtpChannel(settings, lambda: NOON, connect_s=connect_s, read_s=max(0.5, connect_s))


def sent(
    script: dict[str, Say | list[Say]] | None = None, message: Message | None = None, *, login: bool = False
) -> tuple[Outcome, SmtpServer]:
    async def main() -> tuple[Outcome, SmtpServer]:
        async with smtp_server(script) as server:
            return await channel_to(server.port, login=login).send(message or a_message()), server

    return asyncio.run(main())


def read(mail: Mail) -> EmailMessage:
    found = message_from_bytes(mail.text, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def test_a_mail_arrives_with_its_words_and_a_message_id_of_the_attempt() -> None:
    outcome, server = sent(message=a_message(reply_to="facture@dupont.example"))

    [mail] = server.mails
    got = read(mail)
    assert outcome == Outcome(OutcomeClass.ACCEPTED, provider_id=f"{ATTEMPT}@dupont.example")
    assert (mail.sender, mail.recipients) == ("compta@dupont.example", ["anne@example.com"])
    assert got["From"] == "Atelier Dupont <compta@dupont.example>"
    assert got["To"] == "Anne Martin <anne@example.com>"
    assert got["Reply-To"] == "facture@dupont.example"
    assert got["Subject"] == "Facture F-1 : 1 234 €"
    assert got["Message-ID"] == f"<{ATTEMPT}@dupont.example>"
    assert got["Date"] == "Tue, 01 Dec 2026 12:00:00 +0000"
    assert part(got, "plain").splitlines()[1] == ".une ligne"
    assert "Été" in part(got, "html")
    assert mail.text.isascii()


def test_copies_come_once_and_one_that_is_refused_keeps_nothing_back() -> None:
    rcpt = [Say("250 fine"), Say("550 5.1.1 nobody"), Say("250 fine")]
    message = a_message(cc=("Anne@Example.com", "no@example.com", "luc@example.com", "LUC@example.com"))
    outcome, server = sent({"RCPT": rcpt}, message)

    [mail] = server.mails
    assert mail.recipients == ["anne@example.com", "luc@example.com"]
    assert (outcome.kind, outcome.code) == (OutcomeClass.ACCEPTED, "copy_refused")
    assert outcome.bad_copies == ("no@example.com",)


@pytest.mark.parametrize("words", ["450 4.2.0 greylisted", "550 5.7.1 relaying denied", "552 5.2.2 mailbox full"])
def test_a_copy_that_is_refused_for_another_reason_than_its_address_is_no_bad_address(words: str) -> None:
    outcome, _ = sent({"RCPT": [Say("250 fine"), Say(words)]}, a_message(cc=("no@example.com",)))

    assert (outcome.kind, outcome.code, outcome.bad_copies) == (OutcomeClass.ACCEPTED, "copy_refused", ())


def test_a_server_that_hangs_up_at_a_copy_has_taken_nothing() -> None:
    """The library closes at a 421: what was said then of the text was in doubt, though it had never left."""
    outcome, server = sent({"RCPT": [Say("250 fine"), Say("421 4.3.2 closing")]}, a_message(cc=("no@example.com",)))

    assert (outcome.kind, outcome.code, server.mails) == (OutcomeClass.TRANSIENT, "421 4.3.2", [])


@pytest.mark.parametrize(
    ("script", "kind", "code"),
    [
        ({"GREETING": Say("421 4.3.2 busy")}, OutcomeClass.TRANSIENT, "421 4.3.2"),
        ({"GREETING": Say("554 5.7.1 you are listed")}, OutcomeClass.MISCONFIGURED, "554 5.7.1"),
        ({"MAIL": Say("451 4.3.0 later")}, OutcomeClass.TRANSIENT, "451 4.3.0"),
        ({"MAIL": Say("550 5.7.1 not your sender")}, OutcomeClass.MISCONFIGURED, "550 5.7.1"),
        ({"RCPT": Say("450 4.2.0 greylisted")}, OutcomeClass.TRANSIENT, "450 4.2.0"),
        ({"RCPT": Say("550 5.1.1 no such user")}, OutcomeClass.PERMANENT_ADDRESS, "550 5.1.1"),
        ({"RCPT": Say("550 no such user")}, OutcomeClass.PERMANENT_ADDRESS, "550"),
        ({"RCPT": Say("550 5.7.1 relaying denied")}, OutcomeClass.MISCONFIGURED, "550 5.7.1"),
        ({"RCPT": Say("550 5.1.8 sender's domain not found")}, OutcomeClass.MISCONFIGURED, "550 5.1.8"),
        ({"RCPT": Say("550 5.1.7 no such sender")}, OutcomeClass.MISCONFIGURED, "550 5.1.7"),
        ({"RCPT": Say("554 5.3.0 not now, nor ever")}, OutcomeClass.MISCONFIGURED, "554 5.3.0"),
        ({"RCPT": Say("550 5.5.1 out of order")}, OutcomeClass.MISCONFIGURED, "550 5.5.1"),
        ({"RCPT": Say("550 relay not permitted")}, OutcomeClass.MISCONFIGURED, "550"),
        ({"RCPT": Say("554 you are on a list")}, OutcomeClass.MISCONFIGURED, "554"),
        ({"RCPT": Say("550 5.1.1 no such user on this relay")}, OutcomeClass.PERMANENT_ADDRESS, "550 5.1.1"),
        ({"RCPT": Say("530 login first")}, OutcomeClass.MISCONFIGURED, "530"),
        ({"RCPT": Say("552 5.2.2 mailbox full")}, OutcomeClass.CONTENT, "552 5.2.2"),
        ({"DATA": Say("554 5.6.0 no")}, OutcomeClass.CONTENT, "554 5.6.0"),
        ({"TEXT": Say("451 4.7.1 try later")}, OutcomeClass.TRANSIENT, "451 4.7.1"),
        ({"TEXT": Say("554 5.7.1 looks like spam")}, OutcomeClass.CONTENT, "554 5.7.1"),
        ({"GREETING": Say(then="close")}, OutcomeClass.TRANSIENT, "disconnected"),
        ({"GREETING": Say(then="hang")}, OutcomeClass.TRANSIENT, "connect_timeout"),
        ({"EHLO": Say(then="reset")}, OutcomeClass.TRANSIENT, "disconnected"),
        ({"RCPT": Say(then="hang")}, OutcomeClass.TRANSIENT, "read_timeout"),
        ({"RCPT": Say("rubbish")}, OutcomeClass.TRANSIENT, "bad_answer"),
        ({"DATA": Say(then="close")}, OutcomeClass.UNCONFIRMED, "disconnected"),
        ({"TEXT": Say(then="close")}, OutcomeClass.UNCONFIRMED, "disconnected"),
        ({"TEXT": Say(then="reset")}, OutcomeClass.UNCONFIRMED, "disconnected"),
        ({"TEXT": Say(then="hang")}, OutcomeClass.UNCONFIRMED, "read_timeout"),
        ({"TEXT": Say("rubbish")}, OutcomeClass.UNCONFIRMED, "bad_answer"),
    ],
)
def test_each_word_has_its_class(script: dict[str, Say | list[Say]], kind: OutcomeClass, code: str) -> None:
    outcome, server = sent(script)

    assert (outcome.kind, outcome.code) == (kind, code)
    assert not server.mails or kind is OutcomeClass.UNCONFIRMED


@pytest.mark.parametrize("then", ["close", "hang"])
def test_a_goodbye_that_fails_takes_nothing_back(then: str) -> None:
    outcome, server = sent({"QUIT": Say(then=then)})  # type: ignore[arg-type] # both are words of Say's

    assert (outcome.kind, len(server.mails)) == (OutcomeClass.ACCEPTED, 1)


def test_another_word_of_success_is_one() -> None:
    assert sent({"TEXT": Say("252 taken, perhaps")})[0].kind is OutcomeClass.ACCEPTED


def test_a_login_that_is_refused_is_our_own_fault() -> None:
    assert sent(login=True)[0].kind is OutcomeClass.ACCEPTED
    outcome, server = sent({"AUTH": Say("535 5.7.8 wrong")}, login=True)

    assert (outcome.kind, outcome.code) == (OutcomeClass.MISCONFIGURED, "535 5.7.8")
    assert not any(line.startswith("MAIL") for line in server.said)


def test_a_server_that_knows_no_login_is_told_no_password() -> None:
    outcome, server = sent({"EHLO": Say("250 mail.example.com")}, login=True)

    assert (outcome.kind, outcome.code) == (OutcomeClass.MISCONFIGURED, "no_login")
    assert not any("AUTH" in line for line in server.said)


def test_a_password_never_leaves_this_machine_in_clear() -> None:
    """A man in the middle takes STARTTLS out of a server's words. 0.0.0.0 leads here, and is not known to."""

    async def main() -> tuple[Outcome, list[str]]:
        async with smtp_server() as server:
            channel = channel_to(server.port, login=True, host="0.0.0.0")  # noqa: S104 - nobody listens there
            return await channel.send(a_message()), server.said

    outcome, said = asyncio.run(main())
    assert (outcome.kind, outcome.code) == (OutcomeClass.MISCONFIGURED, "no_tls")
    assert not any("AUTH" in line for line in said)


@pytest.mark.parametrize(("host", "code"), [("nowhere.invalid", "dns"), ("127.0.0.1", "refused")])
def test_what_was_not_sent_is_transient(host: str, code: str) -> None:
    assert asyncio.run(channel_to(1, host=host).send(a_message())) == Outcome(OutcomeClass.TRANSIENT, code=code)


def test_a_refusal_never_repeats_the_address() -> None:
    outcome, _ = sent({"RCPT": Say("550 5.1.1 <anne@example.com> unknown, call +33612345678")})

    assert "anne" not in outcome.detail
    assert "33612345678" not in outcome.detail


def test_many_at_once_share_few_connections_and_all_arrive() -> None:
    async def main() -> tuple[list[Outcome], SmtpServer]:
        async with smtp_server() as server:
            channel = channel_to(server.port, connect_s=20)
            return list(await asyncio.gather(*(channel.send(a_message()) for _ in range(40)))), server

    outcomes, server = asyncio.run(main())
    assert {outcome.kind for outcome in outcomes} == {OutcomeClass.ACCEPTED}
    assert (len(server.mails), server.at_once) == (40, AT_ONCE)


def test_nothing_is_logged_and_no_password_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("asyncio").setLevel(logging.INFO)  # its debug line names the selector, nothing of ours
    sent(login=True)

    assert caplog.text == ""
    assert PASSWORD not in repr(SmtpSettings("h", 25, "a@b.c", password=PASSWORD))
    assert channel_to(1).provider == "smtp"


def test_no_name_opens_a_header_of_its_own() -> None:
    message = a_message(to_name="Anne\r\nBcc: x@y.z", from_name="A\nB", rendered=Rendered("t", "x", "S\r\nBcc: x"))
    mail = mail_of(message, (message.from_name, "a@dupont.example"), "<1@dupont.example>", NOON)

    assert mail["Bcc"] is None
    assert mail["Subject"] == "S Bcc: x"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://h.example", SmtpSettings("h.example", 587, "a@b.c")),
        ("smtps://h.example", SmtpSettings("h.example", 465, "a@b.c", tls=True)),
        ("smtp://a%40b.c:p%2Fw@h:2525/", SmtpSettings("h", 2525, "a@b.c", user="a@b.c", password="p/w")),
    ],
)
def test_the_address_of_a_server_is_read(url: str, expected: SmtpSettings) -> None:
    assert read_smtp_url(url, "a@b.c") == expected


@pytest.mark.parametrize("url", ["h:25", "http://h", "smtp://h:99999", "smtp://h:x", "smtp://h/path"])
def test_what_is_no_address_of_a_server_is_named_without_its_value(url: str) -> None:
    with pytest.raises(ValueError, match=r"is no address|has a port") as caught:
        read_smtp_url(url, "a@b.c")
    assert url not in str(caught.value)


def test_an_address_without_a_host_is_none() -> None:
    with pytest.raises(ValueError, match="is no address"):
        read_smtp_url("smtp://", "a@b.c")


def test_an_answer_that_cannot_be_read_is_in_doubt_only_after_the_text() -> None:
    assert outcome_of_reply("text", -1, "").kind is OutcomeClass.UNCONFIRMED
    assert outcome_of_reply("recipient", -1, "").kind is OutcomeClass.TRANSIENT


FILES = (
    File("pay.png", "image/png", b"\x89PNG", cid="pay-1"),
    File("F-1.pdf", "application/pdf", b"%PDF-1.7"),
)
LEAVE = "https://relance.example.com/u/token"


def test_documents_are_attached_and_pictures_stand_beside_the_html_that_shows_them() -> None:
    _, server = sent(message=a_message(files=FILES, unsubscribe_url=LEAVE))

    got = read(server.mails[0])
    [attached] = got.iter_attachments()
    shown = [each for each in got.walk() if each["Content-ID"] == "<pay-1>"]
    assert (attached.get_filename(), attached.get_content_type()) == ("F-1.pdf", "application/pdf")
    assert attached.get_content() == b"%PDF-1.7"
    assert [(each.get_content_type(), each.get_content_disposition()) for each in shown] == [("image/png", "inline")]
    assert got["List-Unsubscribe"] == f"<{LEAVE}>"
    assert got["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "Bonjour" in part(got, "plain")


def test_a_mail_is_written_beside_the_event_loop() -> None:
    """Ten megabytes take a third of a second: ten such mails held the loop for as long as a connection may take."""
    writers: list[str] = []

    def noon() -> datetime:
        writers.append(threading.current_thread().name)
        return NOON

    async def main() -> Outcome:
        async with smtp_server() as server:
            settings = SmtpSettings("127.0.0.1", server.port, "compta@dupont.example")
            return await SmtpChannel(settings, noon).send(a_message(files=FILES))

    assert asyncio.run(main()).kind is OutcomeClass.ACCEPTED
    assert writers != [threading.current_thread().name]


def test_a_mail_waits_for_no_thread_of_others() -> None:
    """Names that are looked up slowly hold the loop's own threads: the mail left whenever they were done."""
    done = threading.Event()

    async def main() -> Outcome:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        held = loop.run_in_executor(None, done.wait)
        try:
            async with smtp_server() as server, asyncio.timeout(5):
                return await channel_to(server.port).send(a_message())
        finally:
            done.set()
            await held

    assert asyncio.run(main()).kind is OutcomeClass.ACCEPTED


def late_mail(wall: Callable[[], datetime], script: dict[str, Say | list[Say]]) -> tuple[Outcome, SmtpServer, float]:
    """One mail that is written only when `wall` answers, to be begun within a second; and how long that took."""

    async def main() -> tuple[Outcome, SmtpServer, float]:
        async with smtp_server(script) as server:
            settings = SmtpSettings("127.0.0.1", server.port, "compta@dupont.example")
            channel, began = SmtpChannel(settings, wall, connect_s=1, read_s=1), time.monotonic()
            return await channel.send(a_message()), server, time.monotonic() - began

    return asyncio.run(main())


def test_a_mail_that_is_not_written_in_time_is_not_begun() -> None:
    """The customer may have paid meanwhile."""
    go_on = threading.Event()

    def noon() -> datetime:
        go_on.wait(5)
        return NOON

    outcome, server, _ = late_mail(noon, {})
    go_on.set()
    assert (outcome.kind, outcome.code, outcome.rate_limited) == (OutcomeClass.NOT_BEGUN, "busy", False)
    assert server.said == []


def test_a_server_that_was_left_little_time_to_connect_is_not_blamed() -> None:
    def noon() -> datetime:
        time.sleep(0.8)
        return NOON

    outcome, server, seconds = late_mail(noon, {"GREETING": Say(then="hang")})
    assert (outcome.kind, outcome.code, server.said) == (OutcomeClass.NOT_BEGUN, "busy", [])
    assert seconds < 1.5


def test_who_waits_for_a_free_connection_is_told_to_slow_down() -> None:
    async def main() -> list[Outcome]:
        async with smtp_server({"RCPT": Say(then="hang")}) as server:
            settings = SmtpSettings("127.0.0.1", server.port, "compta@dupont.example")
            channel = SmtpChannel(settings, lambda: NOON, connect_s=0.5, read_s=2)
            return list(await asyncio.gather(*(channel.send(a_message()) for _ in range(AT_ONCE + 5))))

    outcomes = asyncio.run(main())
    assert {outcome.code for outcome in outcomes[:AT_ONCE]} == {"read_timeout"}
    assert {(outcome.code, outcome.rate_limited) for outcome in outcomes[AT_ONCE:]} == {("busy", True)}
