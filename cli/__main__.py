"""`python -m cli`: how `up` starts its parts, with the same Python that runs it."""

import sys

from cli.main import main

if __name__ == "__main__":
    sys.exit(main())
