"""Measures the tutorial's pipeline once and prints the figures; `--few` only shows that it runs."""

import sys

from tests.bench.figures import Size
from tests.bench.naive import measure

for figure in measure(Size(repetitions=1, few="--few" in sys.argv)):
    sys.stdout.write(f"{figure.name:30} {figure.median:10.3f} {figure.unit}\n")
