"""How late this machine is: by how much a short sleep has been too long at most.

A machine with more to do than it can lets every process wait. What arrives at the simulator's door was on its way for
so much longer, and is no fault of whoever sent it.
"""

import threading
import time

_NAP_S = 0.02


class Lag:
    """Naps in a thread of its own, from when it is made until the process ends."""

    def __init__(self) -> None:
        self._most_s = 0.0
        threading.Thread(target=self._nap, name="lag", daemon=True).start()

    def restart(self) -> None:
        """Count from now on."""
        self._most_s = 0.0

    @property
    def most_s(self) -> float:
        """Seconds that the longest nap was too long."""
        return self._most_s

    def _nap(self) -> None:
        while True:
            began = time.monotonic()
            time.sleep(_NAP_S)
            self._most_s = max(self._most_s, time.monotonic() - began - _NAP_S)
