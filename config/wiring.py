"""The composition root: settings in, the parts of one process out. The only place that builds parts.

Called by the entry points of cli, web and workers, once per process and after any fork.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from channels.documents import Documents
from channels.http import Transport
from channels.lines import Board, Line, Lines
from channels.local import PersonTask
from channels.port import ChannelPort
from channels.recording import LogRenderer, Recording
from channels.render import Renderer
from channels.sendgrid.sending import SendGridChannel, SendGridSettings
from channels.smtp.sending import SmtpChannel, SmtpSettings, read_smtp_url
from channels.twilio.sending import TwilioChannel, TwilioSettings
from config.clock import Clock, read_clock
from config.logs import set_up_logs
from config.looks import load_looks
from config.policy_book import PolicyBook
from config.rates import digest_of, load_rates
from config.settings import Secret, Settings, SettingsError, read_settings
from domain.feed import Feed
from domain.fields import shown
from domain.ids import SellerId
from domain.levels import PERSON_CHANNELS, Channel
from domain.rates import Rates
from store.engine import Engine, make_engine

__all__ = [
    "DEFAULT_SELLER",
    "Services",
    "Settings",
    "SettingsError",
    "broker_url",
    "build",
    "build_for_replay",
    "make_renderer",
    "read_settings",
    "required",
]

DEFAULT_SELLER = SellerId("default")
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one process. `transport` belongs to the event loop that the process keeps.

    `rates` are the statutory ones by country; none of a country: no charges are named there. `lines` are the ways out
    to providers, with their rates and their health. `documents` fetches what mails attach (None: it is linked alone).
    `feed` is the payment feed over time, where accounts run ahead of each other (None: as the seller's row has it).
    """

    settings: Settings
    engine: Engine
    clock: Clock
    policies: PolicyBook
    renderer: Renderer
    transport: Transport
    channels: Mapping[Channel, ChannelPort]
    twilio: TwilioSettings | None
    sendgrid: SendGridSettings | None
    rates: Mapping[str, Rates]
    lines: Lines
    documents: Documents | None = None
    feed: Feed | None = None

    @property
    def available(self) -> frozenset[Channel]:
        """The channels that are set up."""
        return frozenset(self.channels)

    @property
    def footing(self) -> str:
        """What plans stand on besides facts and policies: the installation's policy, its channels, the rates."""
        return " ".join((self.policies.default, *sorted(self.channels), digest_of(self.rates)))


def build(settings: Settings | None = None) -> Services:
    """Builds the parts from the environment, or from given settings. Connects to nothing yet.

    Raises SettingsError, ClockError, PolicyFileError, LooksError or RatesFileError, each with one line for the
    operator.
    """
    settings = settings or read_settings()
    set_up_logs(settings.log_level)
    clock = read_clock(settings.clock)
    transport = Transport()
    twilio, sendgrid = _twilio(settings), _sendgrid(settings)
    smtp = _smtp(settings)
    _refuse_real_providers(settings, smtp, clock)
    return Services(
        settings=settings,
        engine=make_engine(_database_url(settings)),
        clock=clock,
        policies=PolicyBook(settings.policy),
        renderer=make_renderer(settings),
        transport=transport,
        channels=_channels(settings, twilio, sendgrid, transport) | _mail_over(smtp, clock),
        twilio=twilio,
        sendgrid=sendgrid,
        rates=load_rates(settings.rates),
        lines=lines_of(settings),
        documents=Documents() if settings.documents == "attach" and clock.is_real else None,
    )


def make_renderer(settings: Settings) -> Renderer:
    """The shipped templates with the operator's over them. Needs no database. Raises LooksError, SettingsError."""
    renderer = Renderer(TEMPLATES, settings.twilio_content_sids, load_looks(settings.templates))
    _refuse_slips(settings.twilio_content_sids, renderer.approved_names())
    return renderer


_CONTENT_SID = re.compile(r"HX[0-9a-fA-F]{32}")


def _refuse_slips(sids: Mapping[str, str], texts: frozenset[str]) -> None:
    """A text that nobody looks up is missed only when it is to leave."""
    for name, sid in sids.items():
        if name not in texts:
            known = ", ".join(sorted(texts))
            raise SettingsError(f"RELANCE_TWILIO_CONTENT_SIDS: {shown(name)} is no WhatsApp text; there are {known}")
        if not _CONTENT_SID.fullmatch(sid):
            raise SettingsError(
                f"RELANCE_TWILIO_CONTENT_SIDS: {shown(name)} has no content SID: HX and 32 hexadecimal digits"
            )


def build_for_replay(url: str, policy: str, *, approvals_given: bool) -> Services:
    """The parts for `replay`: every channel is set up and records, and nothing comes from the environment.

    Nothing that runs on them may ask the clock: each step is told its instant. No rates: a replay tells who is
    contacted when, also in half-years whose rates nobody can know yet, and names no charges. Raises PolicyFileError.
    """
    set_up_logs("error")
    return Services(
        settings=Settings.model_construct(policy=policy),
        engine=make_engine(url),
        clock=Clock(),
        policies=PolicyBook(policy, approvals_given=approvals_given),
        renderer=LogRenderer(TEMPLATES, {}),
        transport=Transport(),
        channels={channel: PersonTask() if channel in PERSON_CHANNELS else Recording() for channel in Channel},
        twilio=None,
        sendgrid=None,
        rates={},
        lines=Lines({}, time.monotonic),
    )


def broker_url() -> str:
    """Where the broker is, for the Celery app; a place where nobody listens if the operator has not said."""
    url = read_settings().redis_url
    return "redis://127.0.0.1:1/0" if url is None else url.get_secret_value()


def _database_url(settings: Settings) -> str:
    """Else that of what runs on the home would have been taken: the shell may stand in another folder."""
    if settings.database_url is None:
        where = f"no `relance up` runs in {settings.home} (RELANCE_HOME)"
        raise SettingsError(f"RELANCE_DATABASE_URL is not set, and {where}")
    return settings.database_url.get_secret_value()


def required(secret: Secret, name: str) -> str:
    """The setting's value; SettingsError if the operator has not given it."""
    if secret is None:
        raise SettingsError(f"{name} is not set; `relance up` runs without it, with embedded servers")
    return secret.get_secret_value()


def _twilio(settings: Settings) -> TwilioSettings | None:
    if settings.twilio_account_sid is None or settings.twilio_auth_token is None:
        return None
    return TwilioSettings(
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        sms_from=settings.twilio_from,
        whatsapp_from=settings.twilio_whatsapp_from,
        api_url=settings.twilio_api_url,
        public_url=settings.public_url,
    )


def _sendgrid(settings: Settings) -> SendGridSettings | None:
    if settings.sendgrid_api_key is None or settings.mail_from is None:
        return None
    return SendGridSettings(
        api_key=settings.sendgrid_api_key.get_secret_value(),
        mail_from=settings.mail_from,
        api_url=settings.sendgrid_api_url,
        webhook_key=settings.sendgrid_webhook_key,
    )


def _channels(
    settings: Settings, twilio: TwilioSettings | None, sendgrid: SendGridSettings | None, transport: Transport
) -> dict[Channel, ChannelPort]:
    """The ways out that are set up. People can always be asked: to call, to visit, to post a letter."""
    found: dict[Channel, ChannelPort] = {channel: PersonTask() for channel in PERSON_CHANNELS}
    if sendgrid is not None:
        found[Channel.EMAIL] = SendGridChannel(sendgrid, transport)
    if twilio is not None and twilio.sms_from:
        found[Channel.SMS] = TwilioChannel(twilio, transport)
    if twilio is not None and twilio.whatsapp_from and settings.twilio_content_sids:
        found[Channel.WHATSAPP] = TwilioChannel(twilio, transport)
    return found


def lines_of(settings: Settings) -> Lines:
    """One for each channel that a provider serves, known by its sender, so that all processes mean the same one."""
    url = settings.redis_url
    board = Board(None if url is None else url.get_secret_value(), time.monotonic)
    account = settings.twilio_account_sid or ""
    mail = "sendgrid" if settings.smtp_url is None else "smtp"
    return Lines(
        {
            Channel.EMAIL: Line(board, mail, settings.mail_from or "", settings.email_per_s),
            Channel.SMS: Line(board, "twilio", f"{account} {settings.twilio_from}", settings.sms_per_s),
            Channel.WHATSAPP: Line(
                board, "twilio", f"{account} whatsapp:{settings.twilio_whatsapp_from}", settings.whatsapp_per_s
            ),
        },
        time.monotonic,
    )


def _smtp(settings: Settings) -> SmtpSettings | None:
    """Mail goes one way: over SMTP or over SendGrid."""
    if settings.smtp_url is None or settings.mail_from is None:
        return None
    if settings.sendgrid_api_key is not None:
        raise SettingsError(
            "RELANCE_SMTP_URL and RELANCE_SENDGRID_API_KEY are both set: unset one, mail goes one way"
        )
    try:
        return read_smtp_url(settings.smtp_url.get_secret_value(), settings.mail_from)
    except ValueError as error:
        raise SettingsError(f"RELANCE_SMTP_URL {error}") from None


def _mail_over(smtp: SmtpSettings | None, clock: Clock) -> dict[Channel, ChannelPort]:
    return {} if smtp is None else {Channel.EMAIL: SmtpChannel(smtp, clock.wall)}


def _refuse_real_providers(settings: Settings, smtp: SmtpSettings | None, clock: Clock) -> None:
    """A shifted clock would send at the wrong time of a real day; nothing comes back to where nobody reaches us."""
    real = (
        (settings.twilio_account_sid and _is_vendors(settings.twilio_api_url))
        or (settings.sendgrid_api_key and _is_vendors(settings.sendgrid_api_url))
        or (smtp is not None and not smtp.is_local)
    )
    if not real:
        return
    if not clock.is_real:
        raise SettingsError("RELANCE_CLOCK is shifted: that is for simulated providers only; unset it")
    if wrong := _out_of_reach(settings.public_url):
        raise SettingsError(f"RELANCE_PUBLIC_URL {wrong}; set the one at which providers and customers reach us")


def _is_vendors(api_url: str | None) -> bool:
    """Whether messages to this address go to people: a region of the vendor's is no simulator."""
    host = "" if not api_url else f".{urlsplit(api_url).hostname or ''}"
    return not host or host.endswith((".twilio.com", ".sendgrid.com"))


def _out_of_reach(url: str) -> str | None:
    """Why real providers and customers come to no such address; None if they may."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        host = ""
    if not host:
        return "is no address, such as https://relance.example.com"
    is_here = host.endswith(".localhost") or host == "localhost"
    with suppress(ValueError):  # a name, and no number
        number = ip_address(host)
        is_here = number.is_loopback or number.is_unspecified
    return "is on this machine, where neither receipts nor customers' clicks come" if is_here else None
