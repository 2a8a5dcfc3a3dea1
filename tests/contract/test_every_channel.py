"""The contract of a channel, whatever it speaks: one message, one outcome, the class never lies, nothing is told.

A new channel adds itself to `tests/contract/channel_worlds.py`; nothing is to be changed here.
"""

import asyncio
import logging
import re
from pathlib import Path

import pytest

from domain.outcomes import Outcome, OutcomeClass
from tests.contract.channel_worlds import ALL, Fate, Judged, world_of
from tests.no_sockets import no_sockets

ROOT = Path(__file__).parents[2]
SECTIONS = {
    "words.py": (),
    "sending.py": ("What the operator sets", "Sending"),
    "callbacks.py": ("Signatures", "Receipts"),
}
"""Of a vendor's files, in this order."""

every_channel = pytest.mark.parametrize("judged", ALL, ids=[one.name for one in ALL])

CLASSES = {
    Fate.TAKEN: OutcomeClass.ACCEPTED,
    Fate.NOBODY_THERE: OutcomeClass.TRANSIENT,
    Fate.LATER: OutcomeClass.TRANSIENT,
    Fate.LOST: OutcomeClass.UNCONFIRMED,
    Fate.SILENT: OutcomeClass.UNCONFIRMED,
    Fate.NOT_US: OutcomeClass.MISCONFIGURED,
    Fate.NO_SUCH_ADDRESS: OutcomeClass.PERMANENT_ADDRESS,
    Fate.NOT_THIS_TEXT: OutcomeClass.CONTENT,
}


def sent(judged: Judged, fate: Fate, times: int = 1) -> tuple[list[Outcome], int]:
    """Send at once so many times; the outcomes, and how many messages were handed over."""

    async def main() -> tuple[list[Outcome], int]:
        async with world_of(judged, fate) as world:
            outcomes = await asyncio.gather(*(world.channel.send(judged.message) for _ in range(times)))
            return list(outcomes), world.handed_over()

    return asyncio.run(main())


@pytest.mark.parametrize(("judged", "fate"), [(one, fate) for one in ALL for fate in sorted(one.fates)], ids=str)
def test_each_fate_has_its_class(judged: Judged, fate: Fate) -> None:
    [outcome], handed_over = sent(judged, fate)

    assert outcome.kind is CLASSES[fate]
    assert handed_over <= 1
    if fate is Fate.NOBODY_THERE:
        assert (outcome.code, handed_over) == ("refused", 0)


@every_channel
def test_a_machine_without_sockets_is_no_fault_of_the_provider(judged: Judged) -> None:
    async def main() -> tuple[Outcome, int]:
        async with world_of(judged, Fate.TAKEN) as world:
            with no_sockets():
                return await world.channel.send(judged.message), world.handed_over()

    outcome, handed_over = asyncio.run(main())
    assert (outcome.kind, outcome.code, handed_over) == (OutcomeClass.NOT_BEGUN, "no_socket", 0)


@every_channel
def test_a_message_that_was_taken_has_an_id_and_no_code(judged: Judged) -> None:
    [outcome], handed_over = sent(judged, Fate.TAKEN)

    assert outcome.provider_id
    assert (outcome.code, handed_over) == (None, 1)


@every_channel
@pytest.mark.parametrize("fate", [Fate.LOST, Fate.SILENT])
def test_it_is_tried_once_and_never_again(judged: Judged, fate: Fate) -> None:
    """Whoever tries again on his own sends twice."""
    assert sent(judged, fate)[1] == 1


@every_channel
def test_a_refusal_has_a_code_and_never_an_address(judged: Judged) -> None:
    for fate in sorted(judged.fates - {Fate.TAKEN}):
        [outcome], _ = sent(judged, fate)
        assert outcome.code
        assert judged.message.to not in outcome.detail


@every_channel
def test_fifty_at_once_each_have_their_answer(judged: Judged) -> None:
    outcomes, handed_over = sent(judged, Fate.TAKEN, times=50)

    assert {outcome.kind for outcome in outcomes} == {OutcomeClass.ACCEPTED}
    assert handed_over == 50


@every_channel
def test_nothing_is_logged(judged: Judged, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("asyncio").setLevel(logging.INFO)  # its debug line names the selector, nothing of ours
    sent(judged, Fate.TAKEN)
    sent(judged, Fate.NOT_US)
    assert caplog.text == ""


@pytest.mark.parametrize("vendor", ["sendgrid", "smtp", "twilio"])
@pytest.mark.parametrize("file", SECTIONS)
def test_the_files_of_a_vendor_have_their_sections_in_order(vendor: str, file: str) -> None:
    path = ROOT / "channels" / vendor / file
    if (vendor, file) == ("smtp", "callbacks.py"):  # nobody reports what became of such a mail
        assert not path.exists()
        return
    found = re.findall(r"^# --- (.+?) -+$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(found) == len(SECTIONS[file])
    assert all(heading.startswith(wanted) for heading, wanted in zip(found, SECTIONS[file], strict=True))
