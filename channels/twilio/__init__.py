"""SMS and WhatsApp over Twilio. `Source:` pages were read in 2026-11.

sending    settings, send, ask what was sent      `workers/deliver`, `workers/ask`
sdk        the twilio package over our transport   ↳ used by sending
callbacks  signatures, receipts, replies           `web/callbacks`, `workers/settle`
words      Twilio's codes and statuses in ours     ↳ used by both
"""
