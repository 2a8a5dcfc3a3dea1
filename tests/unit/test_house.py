"""The house stands as drawn: imports go down only, and every room is under the rule."""

import configparser
from pathlib import Path

from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]


def test_every_import_contract_holds() -> None:
    assert lint_imports(config_filename=str(ROOT / ".importlinter"), no_cache=True, is_debug_mode=False) == 0


def test_every_package_is_under_the_contracts() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    packages = {init.parent.name for init in ROOT.glob("*/__init__.py")} - {"tests"}
    assert set(contracts["importlinter"]["root_packages"].split()) >= packages
