"""A verb's module is loaded when the verb is called; the list of verbs says of it what it says itself."""

import subprocess
import sys

import pytest

from cli.verbs import VERBS, loaded

HEAVY = ("alembic", "fastapi", "fpdf", "hypothesis", "prompt_toolkit")
"""What no worker needs. A worker has its memory told by the bench; this says which import has brought it back."""


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_says_of_itself_what_the_list_of_verbs_says_of_it(name: str) -> None:
    """The list is read without loading the verb, so the words stand twice."""
    verb = loaded(name)
    assert (verb.name, verb.help.partition("\n\n")[0]) == (name, VERBS[name].help)


def test_help_loads_no_verb() -> None:
    """Half of a second went by before the words came."""
    found = _loaded_by("from cli.main import main; main(['--help'])")
    assert [name for name in found if name.partition(".")[0] in {"config", "store", "workers", "sqlalchemy"}] == []


def test_a_worker_loads_nothing_that_only_others_need() -> None:
    """What these three load is what `relance worker` loads."""
    assert _loaded_by("import cli.parts, celery.bin.worker, workers.app").isdisjoint(HEAVY)


def _loaded_by(words: str) -> set[str]:
    told = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", f"{words}; import sys; print('', *sys.modules, file=sys.stderr)"],
        capture_output=True,
        check=True,
        text=True,
    )
    return set(told.stderr.split())
