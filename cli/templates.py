"""`relance template`: are the words that customers read sound, and what does one of them look like."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from channels.check import Finding, Report, check
from channels.lint import Rule
from channels.render import SMS_BUDGET
from cli.known import only
from cli.template_show import PolicyName, say_whose_look, show, steps_in
from cli.words import json_line
from config.looks import SELLERS
from config.policy_files import load_policy
from config.wiring import TEMPLATES, make_renderer, read_settings

app = typer.Typer(help="The words that customers read.", rich_markup_mode=None)
app.command()(show)

_Seller = Annotated[str | None, typer.Option(help="Only this seller's look.", show_default="that of all, then each")]


@app.callback()
def _group() -> None:
    """The words that customers read."""


@app.command("check")
def check_(
    seller: _Seller = None,
    policy: PolicyName = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines.")] = False,
) -> int:
    """Render every template against the sample set, and say what is wrong.

    A line for each fault: TEMPLATE (sample): rule: what. Then what each SMS costs with the longest names, amounts and
    dates, and which WhatsApp texts lack their content SID. The exit code is 1 if there is a fault.
    """
    only_seller = only(seller).seller
    settings = read_settings()
    renderer = make_renderer(settings)
    wanted = load_policy(settings.policy if policy is None else policy).policy
    steps = {str(step.id): step.level for step in steps_in(wanted)}
    root = None if settings.templates is None else Path(settings.templates)
    faulty = False
    if only_seller is not None:
        say_whose_look(renderer, only_seller)
    for name in renderer.looks if only_seller is None else (only_seller,):
        report = check(renderer, name, steps)
        unused = sorted(_unused(name, report, root))
        faulty = faulty or bool(report.findings or unused)
        for line in _as_json(name, report, unused) if as_json else _in_words(name, report, unused):
            typer.echo(line)
    lacking = renderer.not_approved() if settings.twilio_whatsapp_from else ()
    if lacking:
        told = f"RELANCE_TWILIO_CONTENT_SIDS: no SID for {', '.join(lacking)}: over WhatsApp these cannot go out"
        typer.echo(json_line({"seller": None, "not_approved": lacking}) if as_json else told)
    if not faulty and not as_json:
        typer.echo("fine")
    return 1 if faulty else 0


def _unused(name: str, report: Report, root: Path | None) -> Iterator[str]:
    """The files of the look's own folder that no sample comes to: a wrong name, or no such step."""
    if root is None:
        return
    own = root / SELLERS / name if name else root
    shipped = {str(file.relative_to(TEMPLATES)) for file in TEMPLATES.rglob("*.j2")}
    for file in sorted(own.rglob("*.j2")):
        path = file.relative_to(own).as_posix()
        is_anothers = not name and path.startswith(f"{SELLERS}/")
        if not is_anothers and path not in shipped and path.removesuffix(".j2") not in report.rendered:
            yield path


def _in_words(name: str, report: Report, unused: list[str]) -> Iterator[str]:
    own = f"{name}: " if name else ""
    yield from (f"{own}{finding}" for finding in report.findings)
    yield from (f"{own}{path}: {Rule.UNUSED}: no tone and no step of the policy comes to it" for path in unused)
    for template, cost in report.longest.items():
        counted = f"{cost.segments} of {SMS_BUDGET} segments at the longest ({cost.encoding}, {cost.units} units)"
        yield f"{own}{template}: {counted}"


def _as_json(name: str, report: Report, unused: list[str]) -> Iterator[str]:
    seller = {"seller": name or None}
    for one in report.findings:
        yield json_line({**seller, **_finding(one)})
    for path in unused:
        yield json_line({**seller, "template": path, "sample": None, "rule": Rule.UNUSED.value, "told": ""})
    for template, cost in report.longest.items():
        counted = {"encoding": cost.encoding, "units": cost.units, "segments": cost.segments}
        yield json_line({**seller, "template": template, **counted})


def _finding(one: Finding) -> dict[str, object]:
    return {"template": one.template, "sample": one.case.value, "rule": one.fault.rule.value, "told": one.fault.told}
