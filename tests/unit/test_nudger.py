"""The thread between the edge and the broker: many ids in few messages, a broker that is away left alone."""

import threading
from collections.abc import Iterable

from tests.simulator_process import eventually
from web.nudger import Nudger
from workers.nudges import BATCH, BULK, Nudge


class Broker:
    """Takes what it is told, when it is let."""

    def __init__(self, *, is_there: bool = True) -> None:
        self.is_there = is_there
        self.open = threading.Event()
        self.calls: list[list[Nudge]] = []

    def publish(self, nudges: Iterable[Nudge]) -> bool:
        self.calls.append(list(nudges))
        assert self.open.wait(10)
        return self.is_there


def test_what_comes_while_the_broker_is_slow_goes_in_few_messages() -> None:
    broker = Broker()
    nudger = Nudger(broker.publish)
    nudger.start()
    nudger.tell("event.intake", "intake", [0])
    eventually(lambda: broker.calls)
    for number in range(1, BATCH + 2):
        nudger.tell("event.intake", "intake", [number])
    nudger.tell("receipt.settle", "settle", [7])
    nudger.tell("receipt.settle", "settle", [])
    broker.open.set()
    nudger.close()
    assert [len(nudge.ids) for nudge in broker.calls[1]] == [BATCH, 1, 1]
    assert [nudge.kind for nudge in broker.calls[1]] == ["event.intake", "event.intake", "receipt.settle"]


def test_a_whole_book_is_told_of_apart_from_what_comes_singly() -> None:
    broker = Broker()
    broker.open.set()
    nudger = Nudger(broker.publish)
    nudger.start()
    nudger.tell("event.intake", "intake", range(1000, 1000 + BULK + 1))
    nudger.tell("event.intake", "intake", range(BULK))
    nudger.tell("event.intake", "intake", [BULK])
    nudger.tell("receipt.settle", "settle", range(BULK + 1))
    nudger.close()
    told = {(nudge.queue, nudge.is_bulk): nudge.ids for call in broker.calls for nudge in call}
    assert told == {
        ("intake", True): tuple(range(1000, 1000 + BULK + 1)),
        ("intake", False): tuple(range(BULK + 1)),
        ("settle", False): tuple(range(BULK + 1)),
    }


def test_a_broker_that_is_away_is_not_asked_again_at_once() -> None:
    """The ids of the meantime are dropped: the sweep knows them."""
    broker = Broker(is_there=False)
    broker.open.set()
    nudger = Nudger(broker.publish)
    nudger.start()
    for number in range(100):
        nudger.tell("event.intake", "intake", [number])
        eventually(lambda: broker.calls)
    nudger.close()
    assert len(broker.calls) == 1


def test_closing_waits_for_no_broker() -> None:
    broker = Broker()
    nudger = Nudger(broker.publish)
    nudger.start()
    nudger.tell("event.intake", "intake", [1])
    eventually(lambda: broker.calls)
    closing = threading.Thread(target=nudger.close)
    closing.start()
    closing.join(5)
    assert not closing.is_alive()
    broker.open.set()
