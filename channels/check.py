"""Renders a seller's templates against the sample set and says what is wrong. Called by `relance template check`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from channels.brand import Look
from channels.lint import Fault, Rule, faults_in
from channels.port import Rendered
from channels.render import Renderer, TemplateError
from channels.samples import LANGUAGES, MESSAGES, Case, Sample, sample, samples
from channels.sms_text import Segments, count_segments
from domain.levels import Channel, Level


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of a template (`fr/email/firm`), and the first sample in which it shows."""

    template: str
    case: Case
    fault: Fault

    def __str__(self) -> str:
        return f"{self.template} ({self.case.value}): {self.fault.rule.value}: {self.fault.told}"


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found; `longest` is what each SMS template costs with the longest names, amounts and dates."""

    findings: tuple[Finding, ...]
    longest: Mapping[str, Segments]
    rendered: frozenset[str]


def check(
    renderer: Renderer,
    seller_id: str,
    steps: Mapping[str, Level],
    languages: Sequence[str] = LANGUAGES,
    channels: Sequence[Channel] = tuple(Channel),
) -> Report:
    """Every sample in the seller's look, and the wordings of its own for the policy's `steps`."""
    findings: dict[tuple[str, Fault], Finding] = {}
    longest: dict[str, Segments] = {}
    names: set[str] = set()
    look = renderer.look_of(seller_id)
    for one in _all_samples(seller_id, steps, languages, channels):
        try:
            rendered = renderer.render(one.content)
        except TemplateError as error:
            fault = Fault(Rule.BROKEN, error.problem)
            findings.setdefault((error.template, fault), Finding(error.template, one.case, fault))
            continue
        if one.content.step and "/steps/" not in rendered.template:
            continue
        names.add(rendered.template)
        for fault in _faults(one, rendered, look):
            findings.setdefault((rendered.template, fault), Finding(rendered.template, one.case, fault))
        if one.longest and one.content.channel is Channel.SMS:
            cost = count_segments(rendered.text)
            longest[rendered.template] = max(cost, longest.get(rendered.template, cost), key=_price)
    return Report(tuple(findings.values()), longest, frozenset(names))


def _all_samples(
    seller_id: str, steps: Mapping[str, Level], languages: Sequence[str], channels: Sequence[Channel]
) -> Iterator[Sample]:
    """Those of every tone (without a step), then those of the steps, each over every channel."""
    for language in languages:
        for channel in channels:
            for one in (*samples(language, channel), *samples(language, channel, longest=True)):
                if not one.longest or channel is Channel.SMS:
                    yield replace(one, content=replace(one.content, seller_id=seller_id, step=""))
            for step, level in steps.items():
                content = sample(Case.ONE, channel, language, level)
                yield Sample(Case.ONE, replace(content, seller_id=seller_id, step=step))


def _faults(one: Sample, rendered: Rendered, look: Look) -> list[Fault]:
    """Work for people is theirs to read: it only has to render."""
    return faults_in(one.content, rendered, look.brand) if one.content.channel in MESSAGES else []


def _price(cost: Segments) -> tuple[int, int]:
    return cost.segments, cost.units
