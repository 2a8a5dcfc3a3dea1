"""The parts of one process for tests: settings given one by one and none from the environment, a seller and a key.

with using_services(database_url, redis_url=redis_url, mail_from="billing@example.com") as services:
    ...
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from config.publishing import prepare
from config.settings import Settings
from config.wiring import DEFAULT_SELLER, Services, build
from store.sellers import add_key

KEY_ID = "testkey"
KEY = "rk_" + "k" * 43
"""The default seller's key."""
SECRET_KEY = "a secret that signs what tests sign"


class _GivenSettings(Settings):
    """Settings that read nothing but what they are given."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the shape is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def make_services(database_url: str, redis_url: str | None = None, **settings: Any) -> Services:
    """Build the services on a migrated database, with the default seller, the policies, and KEY.

    `settings` are those of `Settings`; unless given, `secret_key` is SECRET_KEY and documents are linked. Dispose of
    the engine afterwards.
    """
    addresses = {"database_url": database_url, "redis_url": redis_url}
    given: dict[str, Any] = (
        {"secret_key": SECRET_KEY, "log_level": "error", "documents": "link"} | addresses | settings
    )
    services = build(_GivenSettings(**given))
    prepare(services)
    with services.engine.begin() as connection:
        add_key(connection, KEY_ID, KEY, DEFAULT_SELLER)
    return services


@contextmanager
def using_services(database_url: str, redis_url: str | None = None, **settings: Any) -> Iterator[Services]:
    """`make_services`, closed afterwards."""
    services = make_services(database_url, redis_url, **settings)
    try:
        yield services
    finally:
        services.engine.dispose()
