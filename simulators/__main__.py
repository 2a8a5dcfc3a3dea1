"""Starts a loopback Twilio and SendGrid: `python -m simulators --port-file FILE`."""

import sys

import uvloop

from simulators.options import read_options
from simulators.server import serve


def main() -> int:
    """Serve until told to end; exit code 2 when the address is taken."""
    options = read_options()
    try:
        uvloop.run(serve(options))
    except OSError as error:
        sys.stderr.write(f"simulators: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
