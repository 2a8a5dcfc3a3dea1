"""Whether the broker answers, and how much waits in its queues. Asked before nudging, and by health checks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import redis
from kombu.transport.redis import Channel
from redis.backoff import NoBackoff
from redis.retry import Retry

FIRST, LAST = 0, 9
"""The priorities of a message. Workers take all that goes first before anything that goes last."""
LAST_LIST = f"{Channel.sep}{LAST}"
"""What the name of a queue's list ends with that holds what goes last."""


def waiting(url: str | None, queues: Sequence[str], within_s: float = 1.0) -> dict[str, int] | None:
    """How many messages wait in each queue; None if the broker does not answer within so many seconds.

    Celery keeps a queue as a list of that name, and as another one of what goes last. What a worker has taken and not
    ended is in neither.
    """
    if url is None:
        return None
    try:
        with _client(url, within_s).pipeline(transaction=False) as pipe:
            for queue in queues:
                pipe.llen(queue)
                pipe.llen(queue + LAST_LIST)
            lengths = pipe.execute()
            return {
                queue: first + last for queue, first, last in zip(queues, lengths[::2], lengths[1::2], strict=True)
            }
    except (redis.RedisError, OSError):
        return None


def is_reachable(url: str | None, within_s: float = 1.0) -> bool:
    """Whether Redis at `url` answers a ping within so many seconds for connecting and as many for the answer."""
    if url is None:
        return False
    try:
        return bool(_client(url, within_s).ping())
    except (redis.RedisError, OSError):
        return False


@lru_cache(maxsize=4)
def _client(url: str, within_s: float) -> redis.Redis:
    """Kept: five of six round trips would go into a new connection. It opens another after a fork, or a fault."""
    return redis.Redis.from_url(
        url, socket_connect_timeout=within_s, socket_timeout=within_s, retry=Retry(NoBackoff(), 0)
    )
