"""SendGrid's event webhook, as the simulator sends it."""

import pytest
from sendgrid import SendGridAPIClient

from tests.contract.provider_calls import MAIL, is_signed_by_sendgrid, send_mail
from tests.simulator_process import Simulator, eventually
from tests.webhook_receiver import Receiver


def test_events_more_than_once_keep_their_id(
    simulator: Simulator, sendgrid_client: SendGridAPIClient, receiver: Receiver
) -> None:
    simulator.configure(sendgrid_callback_url=receiver.url)
    simulator.switch(callbacks={"times": 46, "delay_s": 0})
    send_mail(sendgrid_client)

    found = receiver.events(92)
    assert [event["event"] for event in found] == ["processed"] * 46 + ["delivered"] * 46
    assert len({event["sg_event_id"] for event in found}) == 2


def test_sendgrid_reports_events_signed_with_the_custom_args_in_them(
    simulator: Simulator, sendgrid_client: SendGridAPIClient, receiver: Receiver
) -> None:
    simulator.configure(sendgrid_callback_url=f"{receiver.url}/events")
    message_id = send_mail(sendgrid_client)

    processed, delivered = receiver.events(2)
    assert (processed["event"], delivered["event"]) == ("processed", "delivered")
    for event in (processed, delivered):
        assert (event["email"], event["attempt"]) == (MAIL, "a-17")
        assert event["sg_message_id"].startswith(f"{message_id}.")
        assert isinstance(event["timestamp"], int)
    assert processed["sg_event_id"] != delivered["sg_event_id"]
    assert all(is_signed_by_sendgrid(simulator, posted) for posted in receiver.posted)


@pytest.mark.parametrize(
    ("outcome", "expected", "refused"),
    [
        ("bounce", [("processed", None), ("bounce", "bounce")], True),
        ("blocked", [("processed", None), ("bounce", "blocked")], True),
        ("dropped", [("dropped", None)], True),
        ("deferred", [("processed", None), ("deferred", None), ("delivered", None)], False),
    ],
)
def test_a_mail_that_does_not_arrive_at_once_is_reported(
    simulator: Simulator,
    sendgrid_client: SendGridAPIClient,
    receiver: Receiver,
    outcome: str,
    expected: list[tuple[str, str | None]],
    refused: bool,
) -> None:
    simulator.configure(sendgrid_callback_url=receiver.url)
    simulator.switch(recipient=MAIL, fault="undelivered", outcome=outcome)
    send_mail(sendgrid_client)

    assert [(event["event"], event.get("type")) for event in receiver.events(len(expected))] == expected
    assert [message["refused"] for message in simulator.messages()] == [refused]


def test_a_suppressed_address_is_accepted_and_dropped(
    simulator: Simulator, sendgrid_client: SendGridAPIClient, receiver: Receiver
) -> None:
    simulator.configure(sendgrid_callback_url=receiver.url, suppressed=[MAIL.title()])
    send_mail(sendgrid_client)

    assert [event["event"] for event in receiver.events(1)] == ["dropped"]
    assert simulator.messages(refused="false") == []


def test_after_a_bounce_the_address_is_dropped(
    simulator: Simulator, sendgrid_client: SendGridAPIClient, receiver: Receiver
) -> None:
    simulator.configure(sendgrid_callback_url=receiver.url)
    simulator.switch(recipient=MAIL, fault="undelivered", times=1)
    send_mail(sendgrid_client)
    receiver.events(2)
    eventually(lambda: simulator.ask("GET", "config")["suppressed"] == [MAIL])
    send_mail(sendgrid_client)

    assert [event["event"] for event in receiver.events(3)] == ["processed", "bounce", "dropped"]


def test_sendgrid_tries_until_the_events_are_taken(
    simulator: Simulator, sendgrid_client: SendGridAPIClient, receiver: Receiver
) -> None:
    receiver.answers = [503, 403]
    simulator.configure(sendgrid_callback_url=receiver.url)
    simulator.switch(recipient=MAIL, fault="undelivered", outcome="dropped")
    send_mail(sendgrid_client)

    assert len({posted.body for posted in receiver.came(3)}) == 1


def test_events_go_to_the_address_that_counts_now(
    simulator: Simulator, sendgrid_client: SendGridAPIClient, receiver: Receiver
) -> None:
    """What could not be posted to an old address, or to a client that is down, is not lost."""
    simulator.configure(sendgrid_callback_url="http://127.0.0.1:9")
    send_mail(sendgrid_client)
    eventually(lambda: simulator.requests()["callbacks"].get("retried"))
    simulator.configure(sendgrid_callback_url=receiver.url)

    assert sorted(event["event"] for event in receiver.events(2)) == ["delivered", "processed"]
