"""Runs `relance` as its users do: a process of its own, with nothing set but what a test gives it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

RELANCE = (sys.executable, "-P", "-m", "cli")
PATIENCE_S = 60.0


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Our environment without any RELANCE_* variable but these, named without the prefix in small letters."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RELANCE_")}
    return kept | {f"RELANCE_{name.upper()}": value for name, value in settings.items()}


def run_relance(
    *words: str, folder: Path, settings: Mapping[str, str], stdin: bytes | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a verb to its end in `folder`; its words as text."""
    ended = subprocess.run(  # noqa: S603 - our own command line
        [*RELANCE, *words],
        cwd=folder,
        env=environment(settings),
        input=stdin,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return subprocess.CompletedProcess(words, ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def start_relance(*words: str, folder: Path, settings: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start a verb in a session of its own; standard output and error are pipes of text."""
    return subprocess.Popen(  # noqa: S603 - our own command line
        [*RELANCE, *words],
        cwd=folder,
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
