"""The senders of events: a billing system that posts batches until each is answered with 202, and remembers when.

What was answered is not sent again, so that a lost 202 shows. Times are seconds since 1970 by this machine's clock,
which is the simulators' too.
"""

import json
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from tests.factories import Json
from tests.fault.book import LATE_KINDS, Cohort, Debtor, Kind, ending, ending_id, opening
from tests.fault.installation import Installation

_BATCH = 25
_SENDERS = 4
_PAUSE_S = 0.2
_GIVE_UP_S = 120.0
_CALLED_WITHIN_S = 10.0
_ANSWER_WITHIN_S = 20.0
_TAKEN = 202


class Sender:
    """Posts for one installation."""

    def __init__(self, it: Installation, seed: str) -> None:
        self._it = it
        self._chance = random.Random(seed)  # noqa: S311 - chance that can be repeated
        self._address = urlsplit(it.url)

    def open(self, cohort: Cohort, debtors: Sequence[Debtor] | None = None) -> None:
        """Post what makes the reminders of these, or of all, due; return when all of it was answered."""
        now = self._it.services.clock.now()
        chosen = cohort.debtors if debtors is None else debtors
        found = [event for one in chosen for event in opening(one, now)]
        batches = [found[at : at + _BATCH] for at in range(0, len(found), _BATCH)]
        self._chance.shuffle(batches)
        with ThreadPoolExecutor(_SENDERS) as pool:
            list(pool.map(lambda events: self.post(cohort, events), batches))

    def end(self, cohort: Cohort, within_s: float) -> None:
        """Post payments and holds, and carry stops, at random moments within so many seconds."""
        late = cohort.of(*LATE_KINDS)
        self._chance.shuffle(late)
        for one in late:
            time.sleep(self._chance.uniform(0, 2 * within_s / len(late)))
            if one.kind is Kind.STOPPED:
                self._carry_stop(cohort, one)
            else:
                self.post(cohort, [ending(one, self._it.services.clock.now())])

    def expect_refusals(self, cohort: Cohort, things: Sequence[object]) -> None:
        """Post a batch of what are no events; AssertionError unless each of them is refused."""
        stand_in = Cohort(cohort.name, cohort.key, ())
        self.post(stand_in, [{"id": ""} for _ in things], json.dumps(things).encode())
        if len(stand_in.refused) != len(things):
            raise AssertionError(f"{cohort.name}: what is no event was taken in: {stand_in.refused}")

    def post(self, cohort: Cohort, events: Sequence[Json], raw: bytes | None = None) -> None:
        """Post a batch, or other bytes in its place, until it is answered with 202."""
        body = json.dumps(events).encode() if raw is None else raw
        headers = {"Content-Type": "application/cloudevents-batch+json", "Authorization": f"Bearer {cohort.key}"}
        deadline = time.monotonic() + _GIVE_UP_S
        while True:
            answer = self._once("/v1/events", body, headers)
            if answer is not None:
                told_at = time.time()
                rejected = {one["index"]: one["error"] for one in answer["rejected"]}
                for index, event in enumerate(events):
                    if index not in rejected:
                        cohort.told.setdefault(event["id"], told_at)
                cohort.refused += rejected.values()
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"{cohort.name}: events were not taken within {_GIVE_UP_S:.0f} s")
            time.sleep(_PAUSE_S)

    def _once(self, path: str, body: bytes, headers: dict[str, str]) -> Json | None:
        """The 202's body, or None for any other answer or none."""
        connection = HTTPConnection(str(self._address.hostname), self._address.port, timeout=_ANSWER_WITHIN_S)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != _TAKEN:
                return None
            found: Json = json.loads(text)
        except (OSError, HTTPException, ValueError):
            return None
        else:
            return found
        finally:
            connection.close()

    def _carry_stop(self, cohort: Cohort, one: Debtor) -> None:
        """A customer who has been called writes STOP; told is when the provider has its answer.

        Whoever was never called cannot know our number, and Relance not whose customer writes.
        """
        simulator, deadline = self._it.simulator, time.monotonic() + _CALLED_WITHIN_S
        while not simulator.requests(to=one.phone)["requests"]:
            time.sleep(_PAUSE_S)
            if time.monotonic() > deadline:
                return
        reply = simulator.inbound(from_=one.phone, to=str(self._it.settings["twilio_from"]), body="Stop SMS")
        if reply["statuses"] == [200]:
            cohort.told[ending_id(one)] = time.time()
