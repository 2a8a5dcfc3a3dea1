"""What planning promises, over random pasts, policies, zones and clocks, while its reminders really go out.

The checks count dates, hours and levels for themselves; they ask no rule of the planner.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given

from domain import facts
from domain.account import Account, Standing
from domain.business_days import is_closed
from domain.contacted import Contacted
from domain.customer import Contact
from domain.ids import InvoiceId, UnitId
from domain.levels import Channel, Level, Role
from domain.past import Member, PastReminder
from domain.planned import PlannedReminder
from domain.policy import Policy, Step
from tests.property.journeys import Moment, World, journey, worlds


def leaving(world: World) -> Iterator[tuple[Moment, PlannedReminder]]:
    """The moments of a journey at which a reminder goes out."""
    for moment in journey(world):
        if moment.leaves is not None:
            yield moment, moment.leaves


def wall(account: Account, at: datetime) -> datetime:
    """What the customer's clock shows."""
    return at.astimezone(ZoneInfo(account.customer.timezone or ""))


def contacts_before(moment: Moment) -> list[date]:
    """The local dates of the contacts before the one that leaves at this moment."""
    return [
        wall(moment.account, past.at).date()
        for past in moment.account.history
        if past.state in ("done", "open", "calling") and past.channel is not Channel.TASK
        if past.state == "done" or past.id not in (moment.continued, moment.given_up)
        if not (past.channel is Channel.PHONE and outcomes(moment, past) == ["no_answer"] * past.attempts)
    ]


def outcomes(moment: Moment, past: PastReminder) -> list[str]:
    """What came of the calls of a reminder, as far as it was told."""
    units = {member.unit_id for member in past.members}
    return [
        fact.body.outcome
        for fact in moment.world.found
        if isinstance(fact.body, facts.TaskClosed) and fact.body.kind == "phone"
        if fact.body.step == past.step and set(fact.body.units) == units and fact.body.cycle == past.members[0].cycle
    ]


def had_before(moment: Moment, now: Member) -> list[tuple[PastReminder, str]]:
    """The reminders that this member has had in its present cycle, each with its own step."""
    return [
        (past, member.step)
        for past in moment.account.history
        for member in past.members
        if past.id != moment.continued and past.state != "withdrawn"
        if moment.plan.gives_up != (past.id, "withdrawn")
        if member.unit_id == now.unit_id and member.cycle == now.cycle
    ]


@given(worlds())
def test_nothing_leaves_while_the_customers_clock_reads_outside_the_channels_hours(world: World) -> None:
    for moment, reminder in leaving(world):
        channel = reminder.routes[0].channel
        if channel is Channel.TASK:
            continue
        at = wall(moment.account, moment.now)
        week = world.policy.hours.get(channel, world.policy.hours[None])
        reads = at.time().replace(fold=0)
        assert any(opens <= reads and (reads < closes or closes == time.max) for opens, closes in week[at.weekday()])
        assert not is_closed(world.policy, moment.account.place, at.date())
        assert moment.now < reminder.closes


def had_elsewhere(moment: Moment, reminder: PlannedReminder) -> list[Contacted]:
    """What the contact that is written to has had about other customers."""
    people = [one for one in moment.account.customer.contacts if one.id == reminder.routes[0].contact_id]
    mine = {one.email for one in people if one.email_ok} | {one.phone for one in people if one.phone_ok}
    return [one for one in moment.account.elsewhere if one.address in mine]


def last_tries(moment: Moment, others: list[Contacted]) -> list[date]:
    """The local date of each reminder's last try, unless it was nothing but calls that nobody answered."""
    talked = {one.reminder for one in others if not one.in_vain}
    tries = [[one.at for one in others if one.reminder == name] for name in talked]
    return [wall(moment.account, max(at)).date() for at in tries]


@given(worlds())
def test_nothing_leaves_over_budget(world: World) -> None:
    limits = world.policy.limits
    for moment, reminder in leaving(world):
        if reminder.routes[0].channel is Channel.TASK:
            continue
        today = wall(moment.account, moment.now).date()
        others = had_elsewhere(moment, reminder)
        if reminder.routes[0].channel is Channel.PHONE and limits.call_attempts is not None:
            calls = [wall(moment.account, at).date() for past in moment.account.history for at in past.calls]
            calls += [wall(moment.account, one.at).date() for one in others if one.is_call]
            assert sum((today - on).days < 30 for on in calls) < limits.call_attempts
        again = next((past for past in moment.account.history if past.id == reminder.continues), None)
        if again is not None and outcomes(moment, again)[-1:] == ["call_back"]:
            continue  # he has asked for it
        days_ago = [(today - on).days for on in [*contacts_before(moment), *last_tries(moment, others)]]
        assert all(ago >= limits.min_gap_days for ago in days_ago)
        for cap, span in ((limits.per_7_days, 7), (limits.per_30_days, 30)):
            assert cap is None or sum(ago < span for ago in days_ago) < cap


@given(worlds())
def test_no_level_is_skipped_and_no_step_comes_twice(world: World) -> None:
    for moment, reminder in leaving(world):
        for member in reminder.members:
            had = had_before(moment, member)
            highest = max((past.level for past, _ in had), default=Level.UPCOMING)
            if member.cycle > 0:
                highest = max(highest, level_at_restart(moment.account, world.policy))
            assert reminder.level <= highest + 1
            assert member.step not in [step for _, step in had]


def level_at_restart(account: Account, policy: Policy) -> Level:
    """The highest level of the steps that count as had in a new cycle."""
    steps = [step for step in policy.steps if step.id not in skipped(account, policy)]
    names = [step.id for step in steps]
    if policy.after_broken_promise not in names:
        return Level.UPCOMING
    before = steps[: names.index(policy.after_broken_promise)]
    return max((step.level for step in before), default=Level.UPCOMING)


def skipped(account: Account, policy: Policy) -> frozenset[str]:
    named = policy.segments.get(account.segment.name)
    return frozenset() if named is None else frozenset(named.skip)


@given(worlds())
def test_only_what_is_owed_and_does_not_wait_is_asked_for(world: World) -> None:
    for moment, reminder in leaving(world):
        units = {unit.id: unit for unit in moment.account.units}
        today = wall(moment.account, moment.now).date()
        hold = moment.account.hold
        assert hold is None or (hold.until is not None and hold.until <= moment.now)
        assert len({member.unit_id for member in reminder.members}) == len(reminder.members) > 0
        for member in reminder.members:
            unit = units[member.unit_id]
            assert member.balance == unit.balance
            assert unit.balance.minor > 0
            for state in unit.states:
                assert (state.standing, state.disputed) == (Standing.OPEN, None)
                assert (state.status_code, state.foreign_payment) == (None, None)
                promised_on = last_promise(moment.world, state.invoice.id)
                grace = timedelta(days=world.policy.promise_grace_days)
                assert promised_on is None or today > promised_on + grace


def last_promise(world: World, invoice: InvoiceId) -> date | None:
    """The date of the last promise to pay all of this invoice that no reversed payment and no plan has overtaken."""
    found = None
    for fact in world.found:
        match fact.body:
            case facts.PromiseMade(invoice_ids=ids, promised_on=promised_on) if invoice in ids:
                found = promised_on
            case facts.PaymentReversed(invoice_id=name) if name == invoice:
                found = None
            case facts.PaymentPlanAgreed(invoice_ids=ids) if invoice in ids:
                found = None
            case _:
                pass
    return found


@given(worlds())
def test_nothing_is_said_before_the_date_that_a_person_gave(world: World) -> None:
    for moment, reminder in leaving(world):
        today = wall(moment.account, moment.now).date()
        last: dict[tuple[UnitId, str], date] = {}
        for fact in moment.world.found:
            if isinstance(fact.body, facts.TaskClosed):
                step = fact.body.step if fact.body.kind == "approve" else ""
                last |= {(unit, step): fact.body.next_on for unit in fact.body.units}
        for member in reminder.members:
            assert all(today >= next_on for (unit, _), next_on in last.items() if unit == member.unit_id)


@given(worlds())
def test_steps_that_ask_leave_with_their_approval_only(world: World) -> None:
    for moment, reminder in leaving(world):
        steps = {step.id: step for step in world.policy.steps}
        for member in reminder.members:
            name = (member.step, (member.unit_id,), member.cycle)
            decisions = [
                fact.body.outcome
                for fact in moment.world.found
                if isinstance(fact.body, facts.TaskClosed) and fact.body.kind == "approve"
                if (fact.body.step, fact.body.units, fact.body.cycle) == name
            ]
            assert decisions[-1:] in (["approved"], [])
            assert decisions or not steps[member.step].approval


@given(worlds())
def test_heads_ups_come_before_the_due_date_and_questions_before_their_answer(world: World) -> None:
    for moment, reminder in leaving(world):
        steps = {step.id: step for step in world.policy.steps}
        units = {unit.id: unit for unit in moment.account.units}
        today = wall(moment.account, moment.now).date()
        for member in reminder.members:
            if steps[member.step].level is Level.UPCOMING:
                assert today < units[member.unit_id].due_on


@given(worlds())
def test_the_first_usable_channel_is_used_and_the_tone_is_capped(world: World) -> None:
    caps = [world.policy.tone_cap]
    for moment, reminder in leaving(world):
        used = next((past.used for past in moment.account.history if past.id == reminder.continues), ())
        usable = [
            channel
            for channel in wished(moment.account, world.policy, reminder)
            if channel not in used and is_usable(moment.account, reminder.step, channel)
        ]
        assert [route.channel for route in reminder.routes] == usable
        if moment.account.segment.name in world.policy.segments:
            caps.append(world.policy.segments["vip"].tone_cap)
        spoken = min([reminder.level, *(cap for cap in caps if cap is not None)])
        assert reminder.tone == (reminder.level if reminder.level >= Level.FORMAL else spoken)


def wished(account: Account, policy: Policy, reminder: PlannedReminder) -> list[Channel]:
    """The step's channels in the customer's order: people first, where the step begins with one."""
    listed = list(reminder.step.channels)
    if listed[0] not in (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP):
        return listed
    wishes = [account.customer.preferred_channel]
    if account.segment.name in policy.segments:
        wishes += policy.segments["vip"].channels
    return sorted(listed, key=lambda channel: wishes.index(channel) if channel in wishes else len(wishes))


def is_usable(account: Account, step: Step, channel: Channel) -> bool:
    """Whether somebody in the first role of the fall-back that the customer has can be reached there."""
    people = account.customer.contacts
    for role in ROLES_ASKED[step.to]:
        if any(person.role is role for person in people):
            people = tuple(person for person in people if person.role is role)
            break
    return channel in account.seller.channels and any(reads(account, person, channel) for person in people)


ROLES_ASKED = {
    Role.PAYER: [Role.PAYER, Role.MAIN],
    Role.MAIN: [Role.MAIN, Role.PAYER],
    Role.ACCOUNTING: [Role.ACCOUNTING, Role.PAYER, Role.MAIN],
    Role.EXECUTIVE: [Role.EXECUTIVE, Role.MAIN, Role.PAYER],
    Role.LEGAL: [Role.LEGAL, Role.EXECUTIVE, Role.MAIN, Role.PAYER],
}


def reads(account: Account, person: Contact, channel: Channel) -> bool:
    match channel:
        case Channel.EMAIL:
            return person.email_ok and person.email is not None and (channel, person.email) not in account.suppressed
        case Channel.LETTER:
            return person.postal_address != ()
        case Channel.WHATSAPP:
            return person.phone_ok and person.phone is not None and person.whatsapp
        case Channel.SMS | Channel.PHONE:
            return person.phone_ok and person.phone is not None
        case _:
            return True


@given(worlds())
def test_nothing_leaves_before_a_person_has_looked_into_a_low_score(world: World) -> None:
    for moment in journey(world):
        closed = [fact.body for fact in moment.world.found if isinstance(fact.body, facts.TaskClosed)]
        looked_into = {name for one in closed if one.kind == "reply" for name in one.units}
        low = {one.task_id for one in closed if one.score is not None and one.score <= 6} - looked_into
        asked = {task.units[0] for task in moment.plan.tasks if (task.kind, task.step) == ("reply", "low_score")}
        assert asked == low
        assert not (low and moment.leaves)
