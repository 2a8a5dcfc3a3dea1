"""How much of the processor groups of processes have used: user and system time, with all that they started.

    cpu = Cpu({"web": [web.pid], "workers": [one.pid for one in workers], "postgres": [postgres.pid]})
    ...
    cpu.spent()["postgres"]  # seconds since then, of the postmaster and its backends, also those that have ended

The kernel counts in steps of 10 ms for each process: measure over seconds.
"""

from collections.abc import Iterable, Mapping

import psutil

_READINGS = 20  # a process that starts or ends between two looks spoils a reading


class Cpu:
    """The groups by name: the pids at the roots of their trees. It counts from here on, or from `restart`."""

    def __init__(self, groups: Mapping[str, Iterable[int]]) -> None:
        self._roots = {name: [psutil.Process(pid) for pid in pids] for name, pids in groups.items()}
        self._start = self._read()

    def restart(self) -> None:
        """Count from now on."""
        self._start = self._read()

    def spent(self) -> dict[str, float]:
        """Seconds of processor time by group.

        Raises:
            psutil.NoSuchProcess: a root has ended, and its time with it.
        """
        return {name: seconds - self._start[name] for name, seconds in self._read().items()}

    def _read(self) -> dict[str, float]:
        return {name: sum(map(_seconds_of, roots)) for name, roots in self._roots.items()}


def _seconds_of(root: psutil.Process) -> float:
    """Of the whole tree. What has ended is in its parent's `children_*` times, once the parent has waited for it."""
    for _ in range(_READINGS):
        tree = [root, *root.children(recursive=True)]
        try:
            times = [one.cpu_times() for one in tree]
        except psutil.NoSuchProcess:
            continue
        if {one.pid for one in root.children(recursive=True)} == {one.pid for one in tree[1:]}:
            return float(sum(one.user + one.system + one.children_user + one.children_system for one in times))
    raise RuntimeError(f"process {root.pid} starts and ends others faster than they can be read")
