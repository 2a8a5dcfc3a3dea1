"""A worker's health check condemns no worker for what Redis is or does: ending them all would help nobody."""

from collections.abc import Callable, Iterator

import pytest
import redis

from tests.e2e.test_workers_at_work import check
from tests.services import using_services

Trouble = Callable[[redis.Redis], None]


def demote(client: redis.Redis) -> None:
    """As after a fail-over, over an address that still leads to what was the primary."""
    client.replicaof("127.0.0.1", "1")


def miss_its_replicas(client: redis.Redis) -> None:
    client.config_set("min-replicas-to-write", "1")


def be_full(client: redis.Redis) -> None:
    client.config_set("maxmemory", "1")


def forbid_us(client: redis.Redis) -> None:
    client.execute_command("ACL", "SETUSER", "default", "-lpush")  # type: ignore[no-untyped-call]


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """To a Redis that takes writes again afterwards."""
    with redis.Redis.from_url(redis_url) as client:
        yield client
        client.execute_command("ACL", "SETUSER", "default", "+@all")
        client.config_set("maxmemory", "0")
        client.config_set("min-replicas-to-write", "0")
        client.replicaof("NO", "ONE")


@pytest.mark.parametrize("trouble", [demote, miss_its_replicas, be_full, forbid_us])
def test_a_broker_that_takes_nothing_is_no_workers_fault(
    database_url: str, redis_url: str, client: redis.Redis, trouble: Trouble
) -> None:
    trouble(client)
    with using_services(database_url):
        answer = check("any@where", {"database_url": database_url, "redis_url": redis_url})
    assert answer == (0, "the broker is away or takes nothing: nothing can be said of the worker\n")


def test_a_worker_that_is_not_there_is_told_as_such(database_url: str, redis_url: str) -> None:
    with using_services(database_url):
        answer = check("any@where", {"database_url": database_url, "redis_url": redis_url})
    assert answer == (1, "any@where has run no canary lately\n")
