"""Where templates run: nothing of ours can be called or changed from them. Used by `shelf` alone.

What Jinja's sandbox asks for every message is asked once, where the answer cannot be another.
"""

from __future__ import annotations

from types import BuiltinMethodType, MethodType
from typing import TYPE_CHECKING, Any

from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    import jinja2
    from jinja2.runtime import Context

_NONE = object()
_METHODS = frozenset({MethodType, BuiltinMethodType})


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's own, for templates that do not change while it lives."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._safe: dict[tuple[type, str], bool] = {}
        self._loaded: dict[str, jinja2.Template] = {}

    def get_template(
        self,
        name: str | jinja2.Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 - Jinja's name for it
    ) -> jinja2.Template:
        """The template, compiled once; every layout and every import of every message asks for it."""
        if not isinstance(name, str) or globals:
            return super().get_template(name, parent, globals)
        if (known := self._loaded.get(name)) is None:
            known = self._loaded[name] = super().get_template(name, parent)
        return known

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """In one dict, as each message copies it: Jinja's chain of two is for globals that change."""
        return {**self.globals, **(d or {})}

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        """Whether a template may read it: by type and name alone; they come from templates, so there are few."""
        key = (type(obj), attr)
        if (known := self._safe.get(key)) is None:
            known = self._safe[key] = super().is_safe_attribute(obj, attr, value)
        return known

    def getattr(self, obj: object, attribute: str) -> object:
        """The attribute; that of a kind known to be safe at once, unless it is a method: that could be a `format`."""
        if self._safe.get((type(obj), attribute)):
            value = getattr(obj, attribute, _NONE)
            if value is not _NONE and type(value) not in _METHODS:
                return value
        return super().getattr(obj, attribute)

    def call(self, context: Context, called: object, /, *args: object, **named: Any) -> object:
        """What the call returns. A macro is a template's own, so it is neither unsafe nor asked what it takes."""
        if type(called) is not Macro:
            return super().call(context, called, *args, **named)
        named.pop("_block_vars", None)
        named.pop("_loop_vars", None)
        return called(context.eval_ctx, *args, **named)
