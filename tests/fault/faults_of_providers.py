"""Faults of providers, their call backs, events and templates. They strike their own customers only."""

from base64 import b64encode
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from tests.fault.book import MIX, Kind
from tests.fault.forgers import Forger, lies_of, out_of_use
from tests.fault.scene import Fault, Scene

_NO_STOPS = tuple(kind for kind in MIX if kind is not Kind.STOPPED)
_UNWELL = (Kind.DUE,) * 6 + (Kind.POISON, Kind.ENGLISH)
_POISONOUS = """
    CREATE OR REPLACE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW::text LIKE '%POISON%' THEN RAISE EXCEPTION 'nobody can fold this'; END IF;
        RETURN NEW;
    END $$;
    CREATE OR REPLACE TRIGGER poison BEFORE INSERT ON facts FOR EACH ROW EXECUTE FUNCTION poison();
"""


def unknown_messages(scene: Scene) -> None:
    """Somebody else sends over the same account, and Twilio reports to us, signed, on messages that are not ours."""
    settings = scene.it.settings
    sid, token = settings["twilio_account_sid"], settings["twilio_auth_token"]
    login = b64encode(f"{sid}:{token}".encode()).decode()
    for number in range(20):
        form = {
            "To": f"+3370000{number:04}",
            "From": settings["twilio_from"],
            "Body": "Somebody else's",
            "StatusCallback": f"{scene.it.url}/callbacks/twilio/status?attempt=nobody-knows-{number}",
        }
        url = f"{scene.it.simulator.url}/2010-04-01/Accounts/{sid}/Messages.json"
        request = Request(url, urlencode(form).encode(), {"Authorization": f"Basic {login}"})  # noqa: S310 - loopback
        with urlopen(request, timeout=15) as answer:  # noqa: S310 - loopback
            answer.read()


def storm(scene: Scene) -> None:
    """Every call is told to come again in two seconds, for some seconds."""
    scene.wait(3.0 if scene.is_short else 10.0)
    scene.be_well()


def end_doubts(scene: Scene) -> None:
    """What was never taken is sent again when Twilio was asked three times; ten minutes are passed by hand."""
    scene.until(lambda: scene.called() == len(scene.cohort.debtors), "every call")
    for _ in range(3):
        scene.wait(2.0)
        scene.ask_now()
        scene.wait(4.0)


def poison(scene: Scene) -> None:
    """Events that no worker can fold, beside good ones; mails that no template can say; events that are no events."""
    scene.it.execute(_POISONOUS)
    scene.sender.expect_refusals(scene.cohort, [{"specversion": "1.0", "id": "x"}, [], None, {"id": "\u0000"}])
    scene.sender.open(scene.cohort)
    scene.until(lambda: scene.called() > len(scene.cohort.debtors) // 2, "half of the calls")


def _provider(name: str, says: str, size: int = 60, short_size: int = 8, **switch: object) -> Fault:
    return Fault(name, says, size, short_size, switch=switch, kinds=_NO_STOPS)


def _lied(name: str, says: str, forger: Forger, short_size: int = 8) -> Fault:
    """Who forges the truth too proves nothing by it: nothing that comes back is signed."""
    return Fault(
        name, says, 60, short_size, lies_of(forger), {"callbacks": name}, (Kind.DUE, Kind.PARTLY), also=out_of_use
    )


PROVIDERS = (
    _lied("forged", "call backs are forged, and lie", Forger(signs=True)),
    _lied("unsigned", "call backs are not signed, and lie", Forger(signs=False), short_size=0),
    Fault("unknown", "call backs on unknown messages", 20, 8, unknown_messages, kinds=_NO_STOPS),
    Fault(
        "poison", "poison events and templates", 64, 16, poison, kinds=_UNWELL, channels="email", has_own_load=True
    ),
    Fault(
        "asked", "5xx once, not accepted: asked, sent again", 20, 0, end_doubts, {"fault": "5xx-before", "times": 1},
        (Kind.DUE, Kind.PARTLY), "sms",
    ),
    _provider("slow", "answers take up to 8 s", short_size=0, latency_s=[2.0, 8.0]),
    _provider("no-answer", "answers take longer than we wait", size=20, short_size=0, latency_s=16.0),
    Fault("429-storm", "429 for 10 s", 100, 19, storm, {"fault": "429", "retry_after_s": 2}),
    _provider("5xx-before", "5xx, and not accepted", fault="5xx-before"),
    _provider("5xx-after", "5xx, and accepted", fault="5xx-after"),
    _provider("cut", "cut before the answer, accepted", fault="cut"),
    _provider("cut-mid", "cut in the answer, accepted", short_size=0, fault="cut", cut_at="mid"),
    _provider("cut-before", "cut, and not accepted", short_size=0, fault="cut-before"),
    _provider("garbage", "2xx with garbage", fault="garbage"),
    _provider("refused", "SMS refused: next channel", fault="refuse", code=21211, channel="sms"),
    _provider("undelivered", "accepted, then reported lost", fault="undelivered", code=30005, channel="sms"),
    _provider("silent", "never calls back", callbacks="never"),
    _provider("early", "calls back before it answers", latency_s=0.5, callbacks="before-answer"),
    _provider("doubled", "each call back twice, shuffled", short_size=0, callbacks={"times": 2, "shuffled": True}),
    _provider("46-times", "each call back 46 times", 12, 4, callbacks={"times": 46, "delay_s": 0}),
)  # fmt: skip
"""Those that wait for calls strike first: it takes long once breakers are open, and nobody looks at the others."""
