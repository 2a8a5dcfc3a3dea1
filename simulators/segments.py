"""Counts the segments of an SMS, as Twilio reports them in `num_segments`; called by `twilio`, touches nothing."""

_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_ESCAPED = frozenset("\f^{}\\[~]|€")


def count_segments(text: str) -> int:
    """Return how many SMS segments `text` takes: 160 then 153 septets in GSM-7, 70 then 67 units in UCS-2.

    Source: 3GPP TS 23.038, section 6.2.1 (the alphabet) and TS 23.040, section 9.2.3.24.1 (the parts).
    """
    if all(letter in _GSM7 or letter in _GSM7_ESCAPED for letter in text):
        return _split(len(text) + sum(letter in _GSM7_ESCAPED for letter in text), 160, 153)
    return _split(len(text.encode("utf-16-be")) // 2, 70, 67)


def _split(units: int, single: int, part: int) -> int:
    return 1 if units <= single else -(-units // part)
