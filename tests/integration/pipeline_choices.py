"""What Hypothesis chooses from in the model-based test."""

from hypothesis import strategies as st

from channels.wishes import Wish
from domain.outcomes import AttemptState, Receipt
from tests.integration.scripted_edge import Answer

WORDS = (
    AttemptState.ACCEPTED,
    AttemptState.DEFERRED,
    AttemptState.SENT,
    AttemptState.DELIVERED,
    AttemptState.READ,
    AttemptState.UNDELIVERED,
    None,
)
DAYS = st.sampled_from((-3, -2, 0, 1, 2, 3, 5, 9))
"""How late an invoice is."""
DUE_DAYS = st.sampled_from((-3, 1, 2, 3, 5, 9))
"""So late, or so soon to be due, that something is to be said about it today."""
STRAY = Receipt("stray", "delivered", AttemptState.DELIVERED, "not-ours", "nor-this")
INDEX = st.integers(0, 1_000)
WORKER = st.integers(0, 1)
WISH = st.sampled_from((Wish.START, Wish.START, Wish.STOP))
FATES = (
    "dies before its calls",
    "dies after its calls",
    "stops before its calls",
    "stops after its calls",
    "is slow",
)
RECEIPT = st.sampled_from((None, "by our name", "by its own name"))
HOURS = st.sampled_from((0, 0, 1, 9, 24, 72))
ANSWERS = st.lists(st.sampled_from(list(Answer)), max_size=3)
MEANWHILE = st.sampled_from((*[None] * 4, "paid", "disputed", "held", "resolved", "released"))
WELCOME = st.sampled_from((None, "issued", "resolved", "released"))
"""What lets something be said again."""
