"""Lives in which much goes out: days of which each has something due, and a worker for it, good or bad.

The rules of `pipeline_life` meet in any order and mostly find nothing due; these bring them to what they are about.
"""

from collections import Counter
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from domain.outcomes import AttemptState
from tests.integration.pipeline_choices import ANSWERS, DUE_DAYS, FATES, RECEIPT, WELCOME, WORDS, WORKER
from tests.integration.pipeline_events import CUSTOMERS
from tests.integration.pipeline_life import Life
from tests.integration.scripted_edge import Answer

CUSTOMER = st.sampled_from(CUSTOMERS)


class Days(Life):
    """A life by days. Some rules are told twice: Hypothesis leaves some of them out of each life."""

    tally: Counter[str]
    """What happened in all lives so far, before their ends; crashes are calls whose lease ran out."""

    @initialize(
        late_days=st.lists(DUE_DAYS, min_size=3, max_size=3), first=st.lists(CUSTOMER, min_size=1, max_size=3)
    )
    def debts(self, late_days: list[int], first: list[str]) -> None:
        """Each customer owes something, of which there is something to say today, and some have heard of it."""
        super().debts(late_days)
        for customer in first:
            self.a_day_begins(customer, None, 0, [])

    @rule(customer=CUSTOMER, news=WELCOME, worker=WORKER, answers=ANSWERS)
    def a_day_begins(self, customer: str, news: str | None, worker: int, answers: list[Answer]) -> None:
        """A worker does all that is due, and writes its answers down."""
        self.day_breaks(customer, news)
        self.obeys_all(self.drive.workers[worker], answers, "recorded")

    @rule(customer=CUSTOMER, news=WELCOME, words=st.lists(st.sampled_from(WORDS), max_size=3))
    def a_day_is_good(self, customer: str, news: str | None, words: list[AttemptState | None]) -> None:
        """The same with providers that are well, and what they report on the last that went out."""
        self.a_day_begins(customer, news, 0, [])
        for word in words if self.taken() else ():
            self.report(self.taken()[-1], word, by_name=False, times=1)

    @rule(
        customer=CUSTOMER, news=WELCOME, answers=ANSWERS, fate=st.sampled_from(FATES), receipt=RECEIPT,
        is_asked=st.booleans(), goes_on=st.booleans(),
    )  # fmt: skip
    def a_day_is_bad(
        self, customer: str, news: str | None, answers: list[Answer], fate: str, receipt: str | None,
        *, is_asked: bool, goes_on: bool,
    ) -> None:  # fmt: skip
        """Something is due, and the worker that has claimed it is lost."""
        self.day_breaks(customer, news)
        self.a_worker_is_lost(customer, answers, fate, receipt, is_asked, goes_on)

    a_day_is_good_too, a_day_is_bad_too = a_day_is_good, a_day_is_bad

    def day_breaks(self, customer: str, news: str | None) -> None:
        """A day later, all is folded, and somebody may be written to, of whom there may be news."""
        if news is not None:
            self.tells([self.billing.made(news, f"F-{customer[-1]}1", 1, self.drive.now)], fold=False)
        self.drive.fold(list(self.drive.inbox))
        self.drive.pass_time(timedelta(days=1))
        self.drive.pass_until_open(customer)
        self.drive.tick()

    def teardown(self) -> None:
        """Count, then end."""
        calls = len(self.drive.edge.calls)
        receipts = sum(one.attempt is not None for one in self.drive.reported)
        crashes = sum(not one.is_held for one in self.model.attempts.values())
        self.tally.update(lives=1, silent=not calls, calls=calls, receipts=receipts, crashes=crashes)
        super().teardown()
