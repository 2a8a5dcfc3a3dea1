"""The command line of the simulators; read once by `__main__`. Every secret here is pretend and loopback only."""

import argparse
import ipaddress
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simulators.faults import Range
from simulators.signing import EventSigner
from simulators.switch_json import SwitchError, read_range

_MAIL_LIMIT = 30 * 1024 * 1024
_LONG_AGO = 100_000


@dataclass(frozen=True, slots=True)
class Options:
    """All that one run is told at its start."""

    host: str
    port: int
    port_file: Path | None
    sendgrid_callback_url: str | None
    inbound_url: str | None
    latency_s: Range
    callback_delay_s: Range
    seed: str
    keep: int
    max_mail_bytes: int
    suppressed: tuple[str, ...]
    parent_pid: int | None
    until_eof: bool
    twilio_account_sid: str
    twilio_auth_token: str
    sendgrid_api_key: str
    event_signer: EventSigner


def read_options(argv: Sequence[str] | None = None) -> Options:
    """Return the options; wrong ones end the process with one line and exit code 2."""
    parser = _parser()
    given = parser.parse_args(argv)
    seed = given.seed or os.urandom(8).hex()
    chance = random.Random(f"{seed}:credentials")  # noqa: S311 - pretend credentials, the same for the same seed
    key = given.sendgrid_private_key
    try:
        signer = EventSigner.from_base64(key) if key else EventSigner.from_seed(seed)
    except ValueError as error:
        parser.error(f"--sendgrid-private-key: {error}")
    return Options(
        host=given.host,
        port=given.port,
        port_file=given.port_file,
        sendgrid_callback_url=given.sendgrid_callback_url,
        inbound_url=given.inbound_url,
        latency_s=given.latency,
        callback_delay_s=given.callback_delay,
        seed=seed,
        keep=given.keep,
        max_mail_bytes=given.max_mail_bytes,
        suppressed=tuple(given.suppress),
        parent_pid=given.parent_pid,
        until_eof=given.until_eof,
        twilio_account_sid=given.twilio_account_sid or f"AC{chance.getrandbits(128):032x}",
        twilio_auth_token=given.twilio_auth_token or f"{chance.getrandbits(128):032x}",
        sendgrid_api_key=given.sendgrid_api_key or f"SG.{chance.getrandbits(96):024x}",
        event_signer=signer,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("simulators", description="A loopback Twilio and SendGrid.")
    add = parser.add_argument
    add("--host", type=_loopback, default="127.0.0.1", help="a loopback address (default 127.0.0.1)")
    add("--port", type=int, default=0, help="0 (default) takes a free one")
    add("--port-file", type=Path, help="where to write the address and credentials as JSON (else: stdout)")
    add("--sendgrid-callback-url", help="where SendGrid's event webhook is sent")
    add("--inbound-url", help="where Twilio's inbound messages are sent")
    add("--latency", type=_range, default=(0.0, 0.0), metavar="S[:S]", help="seconds before each answer")
    add("--callback-delay", type=_range, default=(0.02, 0.02), metavar="S[:S]", help="before each receipt")
    add("--seed", help="makes ids, credentials and chance repeatable (default: a new one each run)")
    add("--keep", type=int, default=_LONG_AGO, help="how many messages and requests are remembered")
    add("--max-mail-bytes", type=int, default=_MAIL_LIMIT, help="larger mails are answered 413")
    add("--suppress", action="append", default=[], metavar="ADDRESS", help="an e-mail address that is dropped")
    add("--parent-pid", type=int, help="end when this process, which started us, is gone")
    add("--until-eof", action="store_true", help="end when standard input ends")
    for name in ("twilio-account-sid", "twilio-auth-token", "sendgrid-api-key", "sendgrid-private-key"):
        variable = f"SIMULATOR_{name.replace('-', '_').upper()}"
        add(f"--{name}", default=os.environ.get(variable), help=f"or {variable} (default: generated)")
    return parser


def _loopback(text: str) -> str:
    try:
        inside = text == "localhost" or ipaddress.ip_address(text).is_loopback
    except ValueError:
        inside = False
    if not inside:
        raise argparse.ArgumentTypeError(f"must be a loopback address, and not {text}")
    return text


def _range(text: str) -> Range:
    try:
        parts = [float(part) for part in text.split(":")]
        return read_range(parts if len(parts) > 1 else parts[0], "range")
    except (ValueError, SwitchError) as error:
        raise argparse.ArgumentTypeError(f"must be seconds or LOW:HIGH, and not {text}") from error
