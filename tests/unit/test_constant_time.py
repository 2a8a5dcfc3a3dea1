"""Nothing that proves who somebody is, is compared with `==`: its time would tell how much of a guess was right.

Keys are not compared at all: the database looks them up by their SHA-256.
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("channels", "cli", "config", "store", "web", "workers")
PROOF = re.compile(r"signature|secret|token|password|hexdigest|hmac|_mac\(", re.IGNORECASE)


def compared(path: Path) -> list[str]:
    """Every comparison for equality or membership that names a proof."""
    found = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare)
        and any(isinstance(how, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for how in node.ops)
    ]
    words = [ast.unparse(node) for node in found if not any(isinstance(one, ast.Constant) for one in ast.walk(node))]
    return [f"{path.relative_to(ROOT)}: {each}" for each in words if PROOF.search(each)]


def test_no_proof_is_compared_with_equals() -> None:
    found = [each for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")) for each in compared(path)]
    assert found == []


def test_signatures_are_compared_by_what_takes_the_same_time() -> None:
    for name in ("config/keys.py", "channels/twilio/callbacks.py"):
        assert "hmac.compare_digest(" in (ROOT / name).read_text(encoding="utf-8")
