"""E-mail over SendGrid. `Source:` pages were read in 2026-11.

sending    settings, one mail, what an answer means   `workers/deliver`
callbacks  signatures of the event webhook, receipts  `web/callbacks`, `workers/settle`
words      its events in our words, our argument      ↳ used by both
"""
