"""Measures what the words of one message cost, in CPU time: `python -m tests.bench.rendering`.

A message about one late invoice in the shipped templates, which are compiled and warm, as in a worker after its first
batch. A mail is its subject, its text and its HTML.
"""

from collections.abc import Iterator
from time import process_time

from rich.console import Console

from channels.port import Content
from domain.levels import Channel
from tests.bench.figures import Figure, Size
from tests.content_factories import RENDERER, a_content

ROUNDS = 3
"""A value is the best of so many: what else the machine does is only ever added."""

MEASURED = {
    "mail": ("a mail that asks three questions", a_content(ask=("when", "questions", "reason"))),
    "sms": ("an SMS", a_content(channel=Channel.SMS)),
    "whatsapp": ("a WhatsApp message", a_content(channel=Channel.WHATSAPP)),
}


def measure(size: Size) -> Iterator[Figure]:
    """What a message of each channel costs."""
    times = size.of(1_000, 10)
    for name, (about, content) in MEASURED.items():
        values = [_best(content, times) for _ in range(size.repetitions)]
        yield Figure(f"rendering.{name}", f"CPU for the words of {about}", "us", values)


def _best(content: Content, times: int) -> float:
    """Microseconds a message."""
    taken = []
    for _ in range(ROUNDS):
        began = process_time()
        for _ in range(times):
            RENDERER.render(content)
        taken.append(process_time() - began)
    return min(taken) / times * 1e6


if __name__ == "__main__":
    for figure in measure(Size()):
        line = f"{figure.name:20} {figure.median:8.1f} us ({min(figure.values):.1f}-{max(figure.values):.1f})"
        Console().print(f"{line}  {figure.about}", highlight=False, soft_wrap=True)
