"""The simulator speaks SendGrid's HTTP as the real sendgrid package uses it."""

import base64
import json
from typing import Any

import pytest
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Attachment, Cc, CustomArg, Header, Mail

from tests.simulator_process import Simulator

TO, FROM = "anne@example.com", "billing@example.org"


def a_mail(to: str = TO) -> Mail:
    return Mail(FROM, to, "Invoice F-1", "Hello Anne", "<p>Hello Anne</p>")


def a_body(**changes: object) -> dict[str, Any]:
    body: dict[str, Any] = a_mail().get()
    return {name: value for name, value in {**body, **changes}.items() if value is not None}


def test_a_mail_is_accepted_and_its_recipients_get_it(
    simulator: Simulator, sendgrid_client: SendGridAPIClient
) -> None:
    mail = a_mail()
    mail.add_cc(Cc("luc@example.com"))
    mail.add_custom_arg(CustomArg("attempt", "a-17"))
    mail.add_header(Header("List-Unsubscribe", "<https://example.org/u>"))
    mail.add_attachment(Attachment(base64.b64encode(b"%PDF").decode(), "F-1.pdf", "application/pdf"))
    answer = sendgrid_client.send(mail)

    assert (answer.status_code, answer.body) == (202, b"")
    first, second = simulator.messages(channel="email")
    assert first["id"] == second["id"] == answer.headers["X-Message-Id"]
    assert (first["to"], first["role"], second["to"], second["role"]) == (TO, "to", "luc@example.com", "cc")
    assert (first["from"], first["subject"]) == (FROM, "Invoice F-1")
    assert (first["text"], first["html"]) == ("Hello Anne", "<p>Hello Anne</p>")
    assert (first["custom_args"], first["attachments"]) == ({"attempt": "a-17"}, ["F-1.pdf"])
    assert first["headers"] == {"List-Unsubscribe": "<https://example.org/u>"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"personalizations": None}, "personalizations"),
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": [{"to": []}]}, "personalizations.0.to"),
        ({"personalizations": [{"to": [{"email": "anne at example"}]}]}, "personalizations.0.to"),
        ({"personalizations": [{"to": [{"email": TO}], "cc": [{"email": TO}]}]}, "personalizations.0"),
        ({"personalizations": [{"to": [{"email": TO}], "cc": [{"email": "no"}]}]}, "personalizations.0.cc.0.email"),
        ({"personalizations": [17]}, "body"),
        ({"custom_args": "attempt"}, "body"),
        ({"content": [{"value": "x"}]}, "content.0.type"),
        ({"from": None}, "from.email"),
        ({"from": {"email": "billing"}}, "from"),
        ({"subject": None}, "subject"),
        ({"content": None}, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
        ({"content": [{"type": "text/html", "value": "x"}, {"type": "text/plain", "value": "x"}]}, "content"),
        ({"custom_args": {"attempt": 17}}, "custom_args"),
        ({"custom_args": {"attempt": "x" * 10_000}}, "custom_args"),
        ({"headers": {"Reply-To": "x@example.org"}}, "headers"),
    ],
)
def test_what_sendgrid_refuses_is_refused(
    simulator: Simulator, sendgrid_client: SendGridAPIClient, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(HTTPError) as refused:
        sendgrid_client.client.mail.send.post(request_body=a_body(**changes))

    [error] = json.loads(refused.value.body)["errors"]
    assert (refused.value.status_code, error["field"]) == (400, field)
    assert set(error) == {"message", "field", "help"}
    assert simulator.messages() == []


def test_a_wrong_key_is_refused(simulator: Simulator) -> None:
    with pytest.raises(HTTPError) as refused:
        SendGridAPIClient("SG.wrong", host=simulator.url).send(a_mail())

    assert refused.value.status_code == 401
    assert simulator.requests()["counts"] == {"sendgrid": {"send": {"refused:401": 1}}}


@pytest.mark.parametrize("size", [20_001, 1_000_000])
def test_too_large_a_mail_is_refused(simulator: Simulator, sendgrid_client: SendGridAPIClient, size: int) -> None:
    content = [{"type": "text/plain", "value": "x" * size}]
    with pytest.raises(HTTPError) as refused:
        sendgrid_client.client.mail.send.post(request_body=a_body(content=content))

    assert refused.value.status_code == 413
    assert simulator.messages() == []
