"""Receipts over HTTP into one web process: Twilio's one by one, SendGrid's by the hundred. All signed.

`python -m tests.bench.callbacks`. Each is new and about no attempt: what is measured is to check it and to keep it.
"""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlencode

from channels.twilio.callbacks import STATUS_PATH
from cli.parts import listen
from simulators.signing import EventSigner, sign_twilio
from tests.bench.alone import show
from tests.bench.figures import Figure, Size
from tests.bench.ground import Ground, Spent, cpu_of_tree, ground, running
from tests.simulator_process import eventually

SENDGRID_PATH = "/callbacks/sendgrid"
CONNECTIONS = 32
EVENTS = 100
"""Of one post of SendGrid's."""

Post = tuple[str, bytes, dict[str, str]]


def measure(size: Size) -> Iterator[Figure]:
    """One web process, several connections that stay open, as providers keep them."""
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with ground(public_url=url) as it, running(it, "web", "--port", str(port)) as web:
        eventually(lambda: _answers(port), 60.0)
        signer = EventSigner.from_seed(it.simulator.seed)
        of_twilio, of_sendgrid = size.of(1_000, 20), size.of(100, 2)
        for name, many, each in (("twilio", of_twilio, 1), ("sendgrid", of_sendgrid, EVENTS)):
            turns = []
            for turn in range(size.repetitions + 1):
                posts = (
                    _statuses(it, url, turn, many)
                    if name == "twilio"
                    else [_events(signer, turn, number) for number in range(many)]
                )
                turns.append(_post(it, web.pid, port, posts))
            yield from _figures(name, turns[1:], many * each, each)


def _figures(name: str, turns: Sequence[Spent], receipts: int, each: int) -> Iterator[Figure]:
    about = f"receipts of {name} over HTTP, {each} a post"
    yield Figure(f"callbacks.{name}.rate", about, "1/s", [receipts / s.wall_s for s in turns])
    yield Figure(f"callbacks.{name}.cpu_web", f"{about}: web's CPU for one", "us", _each(turns, receipts, "ours_s"))
    postgres = _each(turns, receipts, "postgres_s")
    yield Figure(f"callbacks.{name}.cpu_postgres", f"{about}: PostgreSQL's CPU for one", "us", postgres)


def _each(turns: Sequence[Spent], receipts: int, what: str) -> list[float]:
    return [getattr(one, what) / receipts * 1e6 for one in turns]


def _statuses(it: Ground, url: str, turn: int, many: int) -> list[Post]:
    """What Twilio posts when a text message was delivered."""
    found = []
    for number in range(many):
        path = f"{STATUS_PATH}?attempt=unknown-{turn}-{number}"
        form = {
            "AccountSid": it.simulator.twilio_account_sid,
            "ApiVersion": "2010-04-01",
            "From": "+15005550006",
            "MessageSid": f"SM{turn:08x}{number:024x}",
            "MessageStatus": "delivered",
            "SmsSid": f"SM{turn:08x}{number:024x}",
            "SmsStatus": "delivered",
            "To": f"+336{number:08}",
        }
        signature = sign_twilio(it.simulator.twilio_auth_token, f"{url}{path}", form)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": signature,
        }
        found.append((path, urlencode(form).encode(), headers))
    return found


def _events(signer: EventSigner, turn: int, number: int) -> Post:
    """What SendGrid posts when a hundred mails were delivered."""
    now = int(time.time())
    body = json.dumps(
        [
            {
                "email": f"c{one}@bench.example",
                "timestamp": now,
                "event": "delivered",
                "sg_event_id": f"event-{turn}-{number}-{one}",
                "sg_message_id": f"message-{turn}-{number}-{one}.recvd",
                "smtp-id": f"<{turn}.{number}.{one}@bench.example>",
                "response": "250 OK",
                "attempt": f"unknown-{turn}-{number}-{one}",
            }
            for one in range(EVENTS)
        ]
    ).encode()
    prefix = "X-Twilio-Email-Event-Webhook"
    signed = {f"{prefix}-Signature": signer.sign(str(now), body), f"{prefix}-Timestamp": str(now)}
    return SENDGRID_PATH, body, {"Content-Type": "application/json", **signed}


def _post(it: Ground, web: int, port: int, posts: Sequence[Post]) -> Spent:
    """Posts all of them; the CPU is the web process's."""

    def some(mine: Sequence[Post]) -> None:
        line = HTTPConnection("127.0.0.1", port, timeout=60)
        for path, body, headers in mine:
            line.request("POST", path, body, headers)
            answer = line.getresponse()
            answer.read()
            if answer.status != 204:
                raise AssertionError(f"not taken: {answer.status}")
        line.close()

    used = cpu_of_tree(web)
    with it.metering() as spent, ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(some, [posts[at::CONNECTIONS] for at in range(CONNECTIONS)]))
    spent.ours_s = cpu_of_tree(web) - used
    return spent


def _answers(port: int) -> bool:
    line = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", "/readyz")
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()


if __name__ == "__main__":
    show(measure)
