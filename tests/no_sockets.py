"""A machine that has run out of sockets.

with no_sockets():
    ...  # what opens a socket or a file in this process fails with EMFILE
"""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_sockets() -> Iterator[None]:
    """What is open stays open. The limit is where the next one would be: all numbers below it are taken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    following = os.open(os.devnull, os.O_RDONLY)
    os.close(following)
    resource.setrlimit(resource.RLIMIT_NOFILE, (following, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
