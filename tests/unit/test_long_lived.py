"""What a process has loaded is not searched for garbage; what a batch needed goes back to the system."""

import gc
import platform
import subprocess
import sys
import weakref

import pytest

from config import long_lived


class _Circle:
    """Something that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_loaded_is_left_out_of_collections_and_what_comes_later_is_collected() -> None:
    before = gc.get_threshold()
    long_lived.begin_work()
    try:
        later = weakref.ref(_Circle())
        gc.collect()

        assert gc.get_freeze_count() > 0
        assert later() is None
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


AFTER_A_BATCH = """
import sys
import psutil
from config import long_lived

if "at-work" in sys.argv:
    long_lived.begin_work()
bytes(20_000_000)  # a large piece, from which glibc learns to keep such pieces
before = psutil.Process().memory_info().rss
batch = [b"x" * 100_000 for _ in range(300)]
stays = b"y" * 2_000  # lies behind the batch
del batch
print(psutil.Process().memory_info().rss - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library takes no such wish")
def test_what_a_batch_needed_goes_back_to_the_system() -> None:
    assert _kept_after_a_batch("at-work") < 5_000_000


def _kept_after_a_batch(*arguments: str) -> int:
    command = [sys.executable, "-c", AFTER_A_BATCH, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    return int(done.stdout)
