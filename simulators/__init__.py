"""A loopback Twilio and SendGrid: they take messages, keep what each person received, and call back signed.

Started as a process (`python -m simulators --port-file FILE`, `--help` lists the options); it imports nothing
of the application. Beside the vendors' own HTTP it answers, in JSON:

    GET    /_sim/messages?to=&channel=&refused=   what was accepted, in order; `refused: true` never arrived
    DELETE /_sim/messages                         forget messages and requests
    GET    /_sim/requests[?to=|?detail]           counts of all requests and of calls back; with a query, each
    GET    /_sim/keys                             address, credentials, SendGrid's public key
    GET, POST, DELETE /_sim/switches[?recipient=] what goes wrong, below
    GET, POST /_sim/config                        sendgrid_callback_url, inbound_url, suppressed, opted_out,
                                                  whatsapp_open
    POST   /_sim/inbound                          {from, to, body, signature?, times?}: a person writes to us

A switch (or a list of them) has these fields, all optional:

    recipient   "+336...", "whatsapp:+336...", "a@example.com"; default "*". Its own switches come before "*",
                newer ones before older; latency, fault and callbacks are each taken from the first that has it
    channel     sms, whatsapp, email; default all
    latency_s   number, or [low, high]: between acceptance and answer
    fault       429 (retry_after_s, 0: none) not accepted
                5xx-before (status)          not accepted
                cut-before                   not accepted, connection closed
                refuse (status, code)        not accepted, that HTTP status and Twilio code
                5xx-after (status)           accepted, then that status
                cut (cut_at: before, mid)    accepted, connection closed before or in the answer
                garbage                      accepted, 2xx with a broken body
                undelivered (code, outcome)  accepted and answered; the receipt says undelivered or failed, of a
                                             mail bounce, blocked, dropped or deferred (which arrives in the end)
    times       how many requests get the fault; default all
    callbacks   normal, never, double, shuffled, before-answer, forged, unsigned, or an object of
                {times, shuffled, before_answer, signature: valid|forged|missing, delay_s}
"""
