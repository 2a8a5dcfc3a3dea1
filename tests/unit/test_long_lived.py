"""What a process has loaded is not searched for garbage; what it makes later still is."""

import gc
import weakref

from config import long_lived


class _Circle:
    """Something that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_loaded_is_left_out_of_collections_and_what_comes_later_is_collected() -> None:
    before = gc.get_threshold()
    long_lived.keep()
    try:
        later = weakref.ref(_Circle())
        gc.collect()

        assert gc.get_freeze_count() > 0
        assert later() is None
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
