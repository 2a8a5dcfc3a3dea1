"""Whether a fault broke a promise: from what simulators received and what senders were told.

Two answers are Relance's own: what its verbs say of a reminder that did not go out, and whether an event that was
answered is counted (`known`, from the tables: what sends nothing shows nowhere else).

    one message at most on each channel, another channel only after a definite failure of the first
    none after a payment, a hold or a stop that had been answered before the call began; none outside the hours
    a part payment that was told twice counts once
    every reminder is final or explained: sent, in doubt and listed, held by what `explain` names, or not wanted now
    every event that was answered is known in the end, whether or not anything goes out for it
    what Relance says was sent was received, what it says was refused was not, and what was received it knows of

Pure: values in, values out.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.fault.book import LATE_KINDS, REST, Cohort, Debtor, Kind, ending_id
from tests.fault.seen import Physical, Told

MARGIN_S = 1.0
"""From a worker's last look at the inbox to the simulator's door (docs/promises.md). What falls into it is counted.

On a machine that is late, `run` gives it more.
"""

_DEFINITE = ("refused:", "429", "undelivered")
_SENT = frozenset({"accepted", "sent", "delivered", "read"})
_IN_DOUBT = frozenset({"calling", "unconfirmed"})


@dataclass(frozen=True, slots=True)
class Breach:
    """A promise that was broken: which, and to whom."""

    what: str
    who: str


@dataclass
class Verdict:
    """What became of a fault's reminders."""

    reminders: int
    messages: int = 0
    lost: int = 0
    doubled: int = 0
    in_margin: int = 0
    unconfirmed: Counter[str] = field(default_factory=Counter)
    breaches: list[Breach] = field(default_factory=list)


def judge(
    cohort: Cohort, seen: Physical, told: Told, missing: Mapping[str, Sequence[str]], margin_s: float = MARGIN_S
) -> Verdict:
    """Judge a fault that is over; `margin_s` is longer where the machine itself was late.

    `missing` is by customer what was answered with 202 and is not known.
    """
    verdict = Verdict(reminders=len(cohort.debtors))
    for one in cohort.debtors:
        verdict.messages += len(seen.of(one))
        found = [*_doubled(one, seen), *_fallback(one, seen), *_unwanted(one, cohort, seen, verdict, margin_s)]
        verdict.doubled += any(breach.what.startswith("doubled") for breach in found)
        found += [*_wrong_sum(one, seen), *_false_words(one, seen, told)]
        if not is_settled(one, cohort, seen, told):
            found.append(Breach("lost: neither sent nor explained", one.id))
        found += [
            Breach(f"lost: {what} was answered with 202 and is not known", one.id) for what in missing.get(one.id, ())
        ]
        verdict.lost += any(breach.what.startswith("lost") for breach in found)
        verdict.breaches += found
        verdict.unconfirmed.update(_doubts(one, told))
    verdict.breaches += [Breach(f"an event was refused: {error}", cohort.name) for error in cohort.refused]
    return verdict


def is_settled(one: Debtor, cohort: Cohort, seen: Physical, told: Told) -> bool:
    """Whether this reminder is final or explained."""
    if told.is_calling(one):
        return False
    if told.in_doubt(one) or any(not message.refused for message in seen.of(one)):
        return True
    if one.kind in (Kind.POISON, Kind.ENGLISH):
        return one.id in told.explained
    if one.id in told.waiting:
        return True
    if one.kind is Kind.ASLEEP:
        return True
    if ending_id(one) in cohort.told:
        return one.kind is not Kind.STOPPED  # who stops SMS has an e-mail address
    return all(_has_failed(one, channel, seen) for channel in one.address)


def _doubled(one: Debtor, seen: Physical) -> Iterator[Breach]:
    for channel, address in one.address.items():
        times = len(seen.messages.get(address, ()))
        if times > 1:
            yield Breach(f"doubled: {times} messages over {channel}", one.id)


def _fallback(one: Debtor, seen: Physical) -> Iterator[Breach]:
    """The channel that was called first must have failed; which comes first may depend on a provider's health."""
    begun = sorted((calls[0][0], channel) for channel in one.address if (calls := seen.calls(one, channel)))
    if len(begun) > 1 and one.kind is not Kind.STOPPED and not _has_failed(one, begun[0][1], seen):
        yield Breach(f"doubled: {begun[1][1]} without a definite failure of {begun[0][1]}", one.id)


def _has_failed(one: Debtor, channel: str, seen: Physical) -> bool:
    """Whether the provider has said so: refused at once or reported later."""
    messages = seen.messages.get(one.address[channel], ())
    if messages:
        return all(message.refused for message in messages)
    calls = seen.calls(one, channel)
    return bool(calls) and all(outcome.startswith(_DEFINITE) for _, outcome in calls)


def _unwanted(one: Debtor, cohort: Cohort, seen: Physical, verdict: Verdict, margin_s: float) -> Iterator[Breach]:
    if one.kind in (Kind.ASLEEP, Kind.POISON, Kind.ENGLISH) and seen.of(one):
        yield Breach(f"a message to a customer who is {one.kind}", one.id)
    said_at = cohort.told.get(ending_id(one))
    if one.kind not in LATE_KINDS or said_at is None:
        return
    for channel in one.address if one.kind is not Kind.STOPPED else ("sms",):
        for at, _ in seen.calls(one, channel):
            if at > said_at + margin_s:
                yield Breach(f"a call {at - said_at:.2f} s after the customer was {one.kind}", one.id)
            verdict.in_margin += said_at < at <= said_at + margin_s


def _wrong_sum(one: Debtor, seen: Physical) -> Iterator[Breach]:
    if one.kind is Kind.PARTLY:
        for message in seen.of(one):
            if REST not in message.text.replace("\xa0", " "):
                yield Breach(f"a part payment did not count once: {REST} is not in the message", one.id)


def _false_words(one: Debtor, seen: Physical, told: Told) -> Iterator[Breach]:
    for channel, address in one.address.items():
        states = [row["state"] for row in told.rows.get(one.id, ()) if row["channel"] == channel]
        received = seen.messages.get(address, ())
        if len(received) > len(states):
            yield Breach(f"{len(received)} received over {channel}, and the log has {len(states)}", one.id)
        if _SENT & set(states) and not received:
            yield Breach(f"the log says {states} over {channel}, and nothing was received", one.id)
        if received and states and set(states) == {"refused"}:
            yield Breach(f"the log says refused over {channel}, and it was received", one.id)
        if "undelivered" in states and not all(message.refused for message in received):
            yield Breach(f"the log says undelivered over {channel}, and it was received", one.id)


def _doubts(one: Debtor, told: Told) -> Iterator[str]:
    """How attempts that were in doubt were resolved, in a word each."""
    for row in told.rows.get(one.id, ()):
        if row["error_class"] != "unconfirmed":
            continue
        if row["attempt"] in told.doubts:
            yield "a person" if told.doubts[row["attempt"]]["asked_again_at"] is None else "being asked"
        else:
            yield "receipt" if row["state"] not in _IN_DOUBT else "open"


def outside(one: Debtor, seen: Physical, opens: datetime, closes: datetime) -> Iterator[Breach]:
    """Calls outside of one window, instants of this machine; MARGIN_S late is still the call that began inside."""
    for channel in one.address:
        for at, _ in seen.calls(one, channel):
            if not opens.timestamp() <= at <= closes.timestamp() + MARGIN_S:
                yield Breach(f"a call outside of the hours, at {datetime.fromtimestamp(at, opens.tzinfo)}", one.id)
