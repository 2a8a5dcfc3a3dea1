"""The `holidays` library, one country at a time: a country's calendar is loaded when it is asked for.

Called by `business_days` and `places`. The library's package of countries imports all of them (280 modules, 8 MB in
each process) as soon as one is wanted. So the package is there before, as an empty one: the library finds a country
by the name of its module (`holidays` 0.109, registry.py) and needs nothing else of the package.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec

from holidays import country_holidays

__all__ = ["country_holidays"]

_COUNTRIES = "holidays.countries"

sys.modules.setdefault(
    _COUNTRIES,
    module_from_spec(find_spec(_COUNTRIES)),  # type: ignore[arg-type] # not None: the library has it, tests ask
)
