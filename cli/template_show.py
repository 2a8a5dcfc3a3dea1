"""`relance template show`: what a step says, with sample data or of a real invoice. Nothing is sent."""

from __future__ import annotations

import tempfile
import webbrowser
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from channels.port import Content, Kind, Rendered
from channels.render import Renderer, TemplateError
from channels.samples import LANGUAGES, Case, sample
from channels.sms_text import count_segments
from cli.errors import BadInputError
from cli.foretold import content_for
from cli.known import Only, an_id_in, check, not_in_the_book
from cli.services import opened_services
from cli.words import json_line
from config.policy_files import load_policy
from config.wiring import DEFAULT_SELLER, make_renderer, read_settings
from domain.ids import SellerId
from domain.ladder import ladder_of, steps_of
from domain.levels import Channel, Level
from domain.policy import Policy, Step
from domain.routes import Route, routes_of
from store import book
from workers.planned import Planned
from workers.planning import plan_accounts

PolicyName = Annotated[str | None, typer.Option(metavar="FILE", help="Whose steps.", show_default="RELANCE_POLICY")]

Word = TypeVar("Word", Channel, Case)


def show(
    step: Annotated[str, typer.Argument(help="A step of the policy, or a tone: courteous, thanks, …")],
    channel: Annotated[str, typer.Option(help="email, sms, whatsapp, letter, phone, …")] = Channel.EMAIL.value,
    language: Annotated[str, typer.Option(help="fr or en.", show_default="the customer's, else fr")] = "",
    case: Annotated[str, typer.Option(help="The sample: one, several, instalment, …")] = Case.ONE.value,
    invoice: Annotated[str | None, typer.Option(help="A real one, by id or number, as it stands now.")] = None,
    seller: Annotated[str, typer.Option(help="Whose words.")] = DEFAULT_SELLER,
    policy: PolicyName = None,
    html: Annotated[bool, typer.Option("--html", help="Print the mail's HTML.")] = False,
    browse: Annotated[bool, typer.Option("--open", help="Open the mail in a browser.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Print what a step says over a channel, with sample data or of a real invoice. Nothing is sent."""
    seller_id = SellerId(an_id_in("--seller", seller))
    way, about = _word(Channel, channel, "--channel"), _word(Case, case, "--case")
    if language and language not in LANGUAGES:
        raise BadInputError(f"--language: {language!r} is not written; there are {', '.join(LANGUAGES)}")
    if browse and as_json:
        raise BadInputError("--open and --json: say one of them")
    if (html or browse) and way is not Channel.EMAIL:
        raise BadInputError(f"{'--html' if html else '--open'}: only a mail has HTML")
    if invoice is not None and (policy is not None or about is not Case.ONE):
        raise BadInputError(f"--invoice: a real one is no sample; leave {'--policy' if policy else '--case'} out")
    if invoice is None:
        settings = read_settings()
        wanted = load_policy(settings.policy if policy is None else policy).policy
        content = _sample(step, way, language or LANGUAGES[0], about, wanted)
        renderer = make_renderer(settings)
        if seller_id != DEFAULT_SELLER:
            say_whose_look(renderer, seller_id)
        rendered = _rendered(renderer, replace(content, seller_id=seller_id))
    else:
        rendered = _real(step, way, language, seller_id, an_id_in("--invoice", invoice))
    if browse:
        typer.echo(_opened(rendered))
    else:
        typer.echo(json_line(_shown(rendered)) if as_json else _printed(rendered, html=html))


def say_whose_look(renderer: Renderer, seller: SellerId) -> None:
    """Says aside that a seller has no look of its own: no database is asked here whether there is such a seller."""
    if seller not in renderer.looks:
        typer.echo(f"{seller} has no look of its own; this is that of all", err=True)


def steps_in(policy: Policy) -> tuple[Step, ...]:
    """All its steps, those of its segments too, by their names."""
    found = {step.id: step for segment in policy.segments.values() for step in steps_of(policy, segment)}
    return tuple((found | {step.id: step for step in policy.steps}).values())


def _word(words: type[Word], value: str, option: str) -> Word:
    try:
        return words(value)
    except ValueError:
        raise BadInputError(f"{option}: {value!r} is none; there are {', '.join(words)}") from None


def _sample(step: str, channel: Channel, language: str, case: Case, policy: Policy) -> Content:
    """The sample that a step, a tone or a kind of message says."""
    own = next((one for one in steps_in(policy) if one.id == step), None)
    if own is not None:
        return replace(sample(case, channel, language, own.level), step=own.id)
    tones = {level.word: level for level in Level}
    kinds = [kind.value for kind in Kind if kind is not Kind.REMINDER]
    if step in tones:
        return replace(sample(case, channel, language, tones[step]), step="")
    if step in kinds:
        return replace(sample(Case(step), channel, language), step="")
    known = ", ".join([*(one.id for one in steps_in(policy)), *tones, *kinds])
    raise BadInputError(f"{step!r} is neither a step of {policy.name} nor a tone; there are {known}")


def _real(step: str, channel: Channel, language: str, seller: SellerId, invoice: str) -> Rendered:
    """What the step would say now of this customer's invoice, whether or not it is its turn."""
    with opened_services() as services, book.reading(services.engine) as connection:
        check(connection, Only(seller))
        row = book.named(connection, seller, invoice)
        if row is None:
            not_in_the_book(services, seller, invoice)
        one = plan_accounts(connection, services, [row], services.clock.now())[0]
    content = _content(one, step, channel, invoice)
    if content is None:
        typer.echo(f"relance: {seller} has no open invoice {invoice!r}", err=True)
        raise typer.Exit(1)
    return _rendered(services.renderer, replace(content, language=language) if language else content)


def _content(one: Planned, step: str, channel: Channel, invoice: str) -> Content | None:
    """None if nothing of the invoice is owed any more."""
    account, policy = one.account, one.policy
    units = [
        unit
        for unit in account.units
        if any(invoice in (state.invoice.id, state.invoice.number) for state in unit.states)
    ]
    if not units:
        return None
    own = _step(step, ladder_of(account, policy).steps)
    routes = [route for route in routes_of(account, policy, own)[0] if route.channel is channel]
    contact = account.customer.contacts[0] if account.customer.contacts else None
    route = routes[0] if routes else Route(channel, None, "", contact.name if contact else "")
    content = content_for(one, own, units[:1], route)
    if isinstance(content, Content):
        return content
    why = f"the rate of {content.half_year} is unknown or too low"
    raise BadInputError(f"{step} names statutory charges, and {why}: see RELANCE_RATES")


def _step(name: str, ladder: tuple[Step, ...]) -> Step:
    found = next((one for one in ladder if one.id == name), None)
    if found is None:
        raise BadInputError(f"{name!r} is no step of this customer's ladder: {', '.join(one.id for one in ladder)}")
    return found


def _rendered(renderer: Renderer, content: Content) -> Rendered:
    try:
        return renderer.render(content)
    except TemplateError as error:
        raise BadInputError(str(error)) from None


def _printed(rendered: Rendered, *, html: bool) -> str:
    if html:
        return rendered.html or ""
    lines = [f"{rendered.template}"]
    if rendered.segments is not None:
        cost = count_segments(rendered.text)
        lines[0] += f", {cost.segments} segments ({cost.encoding}, {cost.units} units)"
    return "\n".join([*lines, *((rendered.subject,) if rendered.subject else ()), "", rendered.text.rstrip("\n")])


def _shown(rendered: Rendered) -> dict[str, object]:
    values = {
        "template": rendered.template,
        "subject": rendered.subject,
        "text": rendered.text,
        "html": rendered.html,
    }
    return {**values, "segments": rendered.segments, "variables": dict(rendered.content_variables)}


def _opened(rendered: Rendered) -> str:
    """The file that the browser was given."""
    with tempfile.NamedTemporaryFile("w", suffix=".html", delete=False, encoding="utf-8") as file:
        file.write(rendered.html or "")
    webbrowser.open(Path(file.name).as_uri())
    return file.name
