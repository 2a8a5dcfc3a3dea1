"""Whether the broker answers. Asked by the health check; nothing else waits for it."""

from __future__ import annotations

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def is_reachable(url: str | None, within_s: float = 1.0) -> bool:
    """Whether Redis at `url` answers a ping within so many seconds for connecting and as many for the answer."""
    if url is None:
        return False
    try:
        with redis.Redis.from_url(
            url, socket_connect_timeout=within_s, socket_timeout=within_s, retry=Retry(NoBackoff(), 0)
        ) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
