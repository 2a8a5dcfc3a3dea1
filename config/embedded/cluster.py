"""A PostgreSQL cluster on disk: where it lies, and how it is made.

Called by `EmbeddedPostgres`. It never starts the server and never changes a folder above the one it makes.

    home reachable by the server's user      HOME/postgres-18/data
    home closed to `nobody` (we are root)    HOME/postgres-18 -> /var/lib/relance/relance-XXXXXXXX, data in it
    throw-away                               a folder in the temporary folder, removed at the end
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from config.embedded.binaries import MAJOR
from config.embedded.guarded import EmbeddedError
from config.embedded.identity import Identity, can_reach, is_short_enough, make_private, make_public, temporary_parent
from config.embedded.logs import last_words, log_size

USER = "relance"
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}  # nothing of the caller's (PGDATA, LC_*)
_OUTSIDE = Path("/var/lib/relance")
_INITDB_S = 120.0
_SHAPE = (
    f"--username={USER}",
    "--auth-local=trust",  # only over a socket in a folder that nobody else can enter
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",  # the same order of text on every system, needs no locale of the machine
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster's folder, the folder of its socket, and what to remove when it has stopped."""

    folder: Path
    sockets: Path
    temporary: tuple[Path, ...]

    @property
    def data(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.folder / "data"


def throw_away(who: Identity, scratch: Path | None) -> Cluster:
    """Return an empty cluster folder, in `scratch` or else the temporary folder, to be removed at the end."""
    folder = make_private(scratch or temporary_parent(who), who)
    return Cluster(folder, folder, (folder,))


def of_home(home: Path, who: Identity) -> Cluster:
    """Return the cluster folder that belongs to `home`, new or from an earlier run.

    Raises:
        EmbeddedError: it belongs to another user, or has been taken away.
    """
    place = home / f"postgres-{MAJOR}"
    if place.is_symlink() and not place.exists():
        raise EmbeddedError(f"{place} points to a folder that is gone: put it back, or remove the link to start anew")
    if not place.exists():
        _make(place, who)
    folder = place.resolve()
    if folder.stat().st_uid != who.uid:
        raise EmbeddedError(f"{folder} belongs to user {folder.stat().st_uid}: run as that user, or set RELANCE_HOME")
    if is_short_enough(folder):
        return Cluster(folder, folder, ())
    sockets = make_private(temporary_parent(who), who)
    return Cluster(folder, sockets, (sockets,))


def _make(place: Path, who: Identity) -> None:
    if can_reach(place.parent, who):
        place.mkdir(mode=0o700)
        os.chown(place, who.uid, who.gid)
    else:
        make_public(_OUTSIDE)
        place.symlink_to(make_private(_OUTSIDE, who))


def initialise(cluster: Cluster, programs: Path, who: Identity, log: Path, *, durable: bool) -> None:
    """Run initdb if the cluster is new. Killed half-way, it leaves nothing that a later run takes for a cluster.

    Raises:
        EmbeddedError: initdb failed; the message holds its last words.
    """
    if cluster.data.exists():
        return
    draft = cluster.folder / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    since = log_size(log)
    uid, gid = who.to_become or (None, None)
    with log.open("ab") as output:
        ended = subprocess.run(  # noqa: S603 - the wheel's own program
            [programs / "initdb", "-D", draft, *_SHAPE, *(() if durable else ("--no-sync",))],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=ENVIRONMENT,
            user=uid,
            group=gid,
            extra_groups=None if uid is None else [],
            timeout=_INITDB_S,
            check=False,
        )
    if ended.returncode != 0:
        raise EmbeddedError(f"PostgreSQL could not make its files: {last_words(log, since)}")
    draft.rename(cluster.data)


def forget_killed_server(cluster: Cluster) -> None:
    """Remove what a killed server left behind, so that a stranger with its old process id is not taken for it.

    The caller holds the home's lock. Where the system cannot tell (no /proc), PostgreSQL's own check decides.
    """
    left = cluster.data / "postmaster.pid"
    if not left.exists() or not Path("/proc/self/cwd").exists():
        return
    pid = left.read_text().split("\n", 1)[0]
    try:
        at_work = Path(f"/proc/{pid}/cwd").readlink() == cluster.data
    except OSError:  # gone, or another user's
        at_work = False
    if not at_work:
        for name in (left, *cluster.sockets.glob(".s.PGSQL.*")):
            name.unlink(missing_ok=True)
