"""Who runs an embedded server, and which folders that user can reach.

PostgreSQL refuses to run as root, so for root it runs as `nobody`. Called by the embedded servers. It never
changes the permissions of a folder that it did not make.
"""

import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from config.embedded.guarded import EmbeddedError

# sockaddr_un holds 104 bytes on macOS, 108 on Linux; "/.s.PGSQL.5432.lock" and the closing zero go off.
_LONGEST_SOCKET_FOLDER = 84


@dataclass(frozen=True, slots=True)
class Identity:
    """A user and group of this machine; `borrowed` if we, root, step down to it."""

    uid: int
    gid: int
    borrowed: bool

    @property
    def to_become(self) -> tuple[int, int] | None:
        """What a child must change to, or None if it runs as we do."""
        return (self.uid, self.gid) if self.borrowed else None


def server_identity() -> Identity:
    """Return who runs PostgreSQL: ourselves, or `nobody` if we are root."""
    if os.geteuid() != 0:
        return Identity(os.geteuid(), os.getegid(), borrowed=False)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedError("PostgreSQL does not run as root, and there is no user 'nobody' here") from None
    return Identity(nobody.pw_uid, nobody.pw_gid, borrowed=True)


def can_reach(folder: Path, who: Identity) -> bool:
    """Tell whether `who` may enter `folder`, by the permission bits of it and of every folder above."""
    resolved = folder.resolve()
    return all(_may_enter(each.stat(), who) for each in (resolved, *resolved.parents))


def _may_enter(folder: os.stat_result, who: Identity) -> bool:
    if folder.st_uid == who.uid:
        return bool(folder.st_mode & stat.S_IXUSR)
    if folder.st_gid == who.gid:
        return bool(folder.st_mode & stat.S_IXGRP)
    return bool(folder.st_mode & stat.S_IXOTH)


def make_private(parent: Path, who: Identity) -> Path:
    """Make and return a new folder in `parent` that only `who` (and root) can enter."""
    folder = Path(tempfile.mkdtemp(prefix="relance-", dir=parent))
    os.chown(folder, who.uid, who.gid)
    return folder


def make_public(folder: Path) -> None:
    """Make a folder of ours that everyone can enter, whatever our umask is."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)


def temporary_parent(who: Identity) -> Path:
    """Return a folder for temporary files that `who` reaches and whose name is short enough for a socket."""
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 - what goes in is made by mkdtemp
        folder = Path(place).resolve()
        fits = is_short_enough(folder / "relance-12345678")
        if fits and folder.is_dir() and os.access(folder, os.W_OK) and can_reach(folder, who):
            return folder
    raise EmbeddedError("no temporary folder for PostgreSQL's socket: set TMPDIR to one with a short name")


def is_short_enough(folder: Path) -> bool:
    """Tell whether a Unix socket fits into `folder`: the kernel limits the whole path to about 100 bytes."""
    return len(os.fsencode(folder)) <= _LONGEST_SOCKET_FOLDER
