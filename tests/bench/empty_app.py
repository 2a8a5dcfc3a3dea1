"""The least that Celery can do: a task that does nothing. Started by `empty` as a worker, and as the publisher.

BENCH_BROKER is Redis's address; BENCH_ACKS is "off" where the broker shall not emulate acknowledgements.
"""

import json
import os
import sys
import time

from celery import Celery

TASK = "bench.nothing"

app = Celery("empty", broker=os.environ.get("BENCH_BROKER"))
if os.environ.get("BENCH_ACKS") == "off":
    app.conf.broker_transport_options = {"ack_emulation": False}


@app.task(name=TASK)
def nothing() -> None:
    """Do nothing."""


def publish(tasks: int) -> None:
    """Publish one by one over one connection, as `workers.app.publish` does; say when it began and what it cost."""
    with app.connection_for_write() as connection:
        connection.ensure_connection()
        began, used = time.time(), time.process_time()
        for _ in range(tasks):
            app.send_task(TASK, queue="celery", connection=connection, retry=False)
        sys.stdout.write(json.dumps({"began": began, "cpu_s": time.process_time() - used}))


if __name__ == "__main__":
    publish(int(sys.argv[1]))
