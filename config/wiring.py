"""The composition root: settings in, the parts of one process out. The only place that builds parts.

Called by the entry points of cli, web and workers, once per process and after any fork.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from channels.http import Transport
from channels.lines import Board, Line, Lines
from channels.local import PersonTask
from channels.port import ChannelPort
from channels.recording import Recording
from channels.render import Renderer
from channels.sendgrid import SendGridChannel, SendGridSettings
from channels.twilio.sending import TwilioChannel, TwilioSettings
from config.clock import Clock, read_clock
from config.logs import set_up_logs
from config.policy_book import PolicyBook, store_policy
from config.policy_files import LoadedPolicy
from config.rates import digest_of, load_rates
from config.settings import Secret, Settings, SettingsError, read_settings
from domain.customer import Seller
from domain.ids import SellerId
from domain.levels import PERSON_CHANNELS, Channel
from domain.rates import Rates
from store import accounts
from store.engine import Connection, Engine, make_engine
from store.policies import ladders_on
from store.sellers import ensure

__all__ = [
    "DEFAULT_SELLER",
    "Published",
    "Services",
    "Settings",
    "SettingsError",
    "broker_url",
    "build",
    "build_for_replay",
    "prepare",
    "publish_policy",
    "read_settings",
    "required",
    "wake_seller",
]

DEFAULT_SELLER = SellerId("default")
_MOST_WOKEN = 2_000
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one process. `transport` belongs to the event loop that the process keeps.

    `rates` are the statutory ones by country; none of a country: no charges are named there. `lines` are the ways out
    to providers, with their rates and their health.
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

    @property
    def available(self) -> frozenset[Channel]:
        """The channels that are set up."""
        return frozenset(self.channels)

    @property
    def footing(self) -> str:
        """What plans stand on besides facts and policies: the installation's policy, its channels, the rates."""
        return " ".join((self.policies.default, *sorted(self.channels), digest_of(self.rates)))


@dataclass(frozen=True, slots=True)
class Published:
    """What is in force now (`standard@3`), and how many running ladders were on each older version."""

    label: str
    running: Mapping[str, int]


def build(settings: Settings | None = None) -> Services:
    """Builds the parts from the environment, or from given settings. Connects to nothing yet.

    Raises SettingsError, ClockError, PolicyFileError or RatesFileError, each with one line for the operator.
    """
    settings = settings or read_settings()
    set_up_logs(settings.log_level)
    clock = read_clock(settings.clock)
    transport = Transport()
    twilio, sendgrid = _twilio(settings), _sendgrid(settings)
    _refuse_real_providers(settings, clock)
    return Services(
        settings=settings,
        engine=make_engine(required(settings.database_url, "RELANCE_DATABASE_URL")),
        clock=clock,
        policies=PolicyBook(settings.policy),
        renderer=Renderer(TEMPLATES, settings.twilio_content_sids),
        transport=transport,
        channels=_channels(settings, twilio, sendgrid, transport),
        twilio=twilio,
        sendgrid=sendgrid,
        rates=load_rates(settings.rates),
        lines=lines_of(settings),
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
        renderer=Renderer(TEMPLATES, {}),
        transport=Transport(),
        channels={channel: PersonTask() if channel in PERSON_CHANNELS else Recording() for channel in Channel},
        twilio=None,
        sendgrid=None,
        rates={},
        lines=Lines({}, time.monotonic),
    )


def prepare(services: Services) -> None:
    """Makes sure that the default seller and the policies are stored. Safe to call from every process.

    Accounts whose plans stand on other policies or channels than there are now are planned again at once. They are
    looked for when the policies are committed, and at each start, so that none is missed whoever plans meanwhile.
    """
    with services.engine.begin() as connection:
        ensure(connection, Seller(DEFAULT_SELLER))
        services.policies.publish(connection)
    _wake_outdated(services)


def publish_policy(services: Services, loaded: LoadedPolicy, *, moves: bool = False) -> Published:
    """Stores a policy as the next version of its name, unless it is the newest.

    Running ladders stay on the version they are on, unless it `moves` them. The accounts that it may change are
    planned again at once. Under a new name that may be any: customers and sellers may have named it before it was
    there.
    """
    name = loaded.policy.name
    with services.engine.begin() as connection:
        version = store_policy(connection, loaded, moves=moves)
        older = {f"{name}@{number}" for number in range(1, version)}
        running = {label: count for label, count in ladders_on(connection).items() if label in older}
    if version == 1:
        _wake_all(services, accounts.wake_everyone)
    else:
        _wake_outdated(services)
    return Published(f"{name}@{version}", running)


def _wake_outdated(services: Services) -> None:
    with services.engine.begin() as connection:
        in_force = services.policies.in_force(connection).values()
    labels = [one.newest.label for one in in_force]
    overtaken = [f"{one.newest.name}@{version}" for one in in_force for version in range(1, one.moving)]
    _wake_all(
        services,
        lambda *turn: accounts.wake_outdated(*turn, labels=labels, overtaken=overtaken, footing=services.footing),
    )


def wake_seller(services: Services, seller: SellerId) -> None:
    """Has a seller's accounts planned again: its policy or its customers' defaults have changed."""
    _wake_all(services, lambda *turn: accounts.wake_seller(*turn, seller=seller))


def _wake_all(services: Services, wake: Callable[[Connection, datetime, int], int]) -> None:
    """Some at a time, each in a transaction of its own, so that no worker waits long for an account."""
    now, woken = services.clock.now(), _MOST_WOKEN
    while woken == _MOST_WOKEN:
        with services.engine.begin() as connection:
            woken = wake(connection, now, _MOST_WOKEN)


def broker_url() -> str:
    """Where the broker is, for the Celery app; a place where nobody listens if the operator has not said."""
    url = read_settings().redis_url
    return "redis://127.0.0.1:1/0" if url is None else url.get_secret_value()


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
    """The ways out that are set up. People can always be asked to call."""
    found: dict[Channel, ChannelPort] = {Channel.PHONE: PersonTask(), Channel.TASK: PersonTask()}
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
    return Lines(
        {
            Channel.EMAIL: Line(board, "sendgrid", settings.mail_from or "", settings.email_per_s),
            Channel.SMS: Line(board, "twilio", f"{account} {settings.twilio_from}", settings.sms_per_s),
            Channel.WHATSAPP: Line(
                board, "twilio", f"{account} whatsapp:{settings.twilio_whatsapp_from}", settings.whatsapp_per_s
            ),
        },
        time.monotonic,
    )


def _refuse_real_providers(settings: Settings, clock: Clock) -> None:
    """A shifted clock would send at the wrong time of a real day."""
    real = (settings.twilio_account_sid and not settings.twilio_api_url) or (
        settings.sendgrid_api_key and not settings.sendgrid_api_url
    )
    if real and not clock.is_real:
        raise SettingsError("RELANCE_CLOCK is shifted: that is for simulated providers only; unset it")
