"""E-mail over any SMTP server. `Source:` pages were read in 2026-11.

It knows no receipts: what bounces comes back to the sender's own mailbox.

sending  settings, one conversation          `workers/deliver`
words    what a server's refusal means       ↳ used by it
"""
