"""Every channel that leaves the house, with what a test needs to send one message over it."""

from collections.abc import Callable
from dataclasses import dataclass

from channels.http import Transport
from channels.port import ChannelPort, Message, Rendered
from channels.sendgrid.sending import SendGridChannel, SendGridSettings
from channels.twilio.sending import TwilioChannel, TwilioSettings
from domain.ids import AttemptId
from domain.levels import Channel

CONTENT_SID = f"HX{'0' * 32}"
ACCOUNT_SID = f"AC{'1' * 32}"
TOKEN = "f-token-of-twilio"
API_KEY = "SG.key-of-sendgrid"
ATTEMPT = AttemptId("0b9c1d1e-4b57-4d5a-8a57-6a54f2c6a111")


def twilio_over(transport: Transport, url: str, account_sid: str = ACCOUNT_SID, token: str = TOKEN) -> TwilioChannel:
    """Return the channel of an account with both senders."""
    settings = TwilioSettings(
        account_sid=account_sid,
        auth_token=token,
        public_url="https://relance.example.com",
        sms_from="+33700000001",
        whatsapp_from="+33700000002",
        api_url=url,
    )
    return TwilioChannel(settings, transport)


def sendgrid_over(transport: Transport, url: str, api_key: str = API_KEY) -> SendGridChannel:
    """Return the channel of an account."""
    settings = SendGridSettings(api_key=api_key, mail_from="compta@example.com", from_name="Seller", api_url=url)
    return SendGridChannel(settings, transport)


@dataclass(frozen=True, slots=True)
class Case:
    """One channel: its name, its provider, a recipient, and the channel over a transport to a base address."""

    channel: Channel
    provider: str
    to: str
    over: Callable[[Transport, str], ChannelPort]
    says_accepted: bytes
    """A provider's acceptance, which names `accepted_id`."""
    accepted_id: str

    def message(self, **fields: object) -> Message:
        """Return a message for this channel."""
        rendered = Rendered(
            template="fr/test",
            text="Bonjour Anne, la facture F-1 reste due.",
            subject="Facture F-1",
            html="<p>Bonjour Anne</p>",
            content_sid=CONTENT_SID if self.channel is Channel.WHATSAPP else None,
            content_variables={"1": "Anne", "2": "1 234,56 €"} if self.channel is Channel.WHATSAPP else {},
        )
        given: dict[str, object] = {
            "attempt_id": ATTEMPT,
            "channel": self.channel,
            "to": self.to,
            "rendered": rendered,
        }
        return Message(**(given | fields))  # type: ignore[arg-type] # the fields are the caller's


_TWILIO_ANSWER = b'{"sid": "SM1", "status": "queued", "num_segments": "1"}'
CASES = (
    Case(Channel.SMS, "twilio", "+33612345678", twilio_over, _TWILIO_ANSWER, "SM1"),
    Case(Channel.WHATSAPP, "twilio", "+33612345678", twilio_over, _TWILIO_ANSWER, "SM1"),
    Case(Channel.EMAIL, "sendgrid", "anne@example.com", sendgrid_over, b"", "XM1"),
)
