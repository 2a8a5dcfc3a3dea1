"""What a template may do stays the same however often it is asked: a sandbox that remembers refuses no less."""

from dataclasses import dataclass

import jinja2
import pytest
from jinja2.exceptions import SecurityError

from channels.sandbox import Sandbox


@dataclass(frozen=True)
class Named:
    """Its `format` is what a test makes it."""

    format: object


def a_sandbox(**templates: str) -> Sandbox:
    return Sandbox(loader=jinja2.DictLoader(templates), undefined=jinja2.StrictUndefined, autoescape=True)


@pytest.mark.parametrize(
    "words",
    [
        "{{ seller.__class__ }}",
        '{{ "{0.__class__}".format(seller) }}',
        '{{ ("{0.__class__}" | safe).format(seller) }}',
        "{% set say = seller.format %}{{ seller.upper() }}{{ '{0.__class__}'.format(seller) }}",
        "{% macro say(what) %}{{ what.__class__ }}{% endmacro %}{{ say(seller) }}",
        "{{ lines.append(1) }}",
    ],
)
def test_what_is_refused_once_is_refused_again(words: str) -> None:
    template = a_sandbox(words=words).get_template("words")

    for _ in range(3):
        with pytest.raises(SecurityError):
            template.render(seller="Dupont", lines=[])


def test_a_format_is_guarded_where_the_same_attribute_was_a_plain_word_before() -> None:
    """What is remembered is the type and the name; the next value may still be a text's method."""
    template = a_sandbox(words="{{ named.format if plain else named.format(seller) }}").get_template("words")

    assert template.render(named=Named("short"), plain=True, seller="Dupont") == "short"
    assert template.render(named=Named("short"), plain=True, seller="Dupont") == "short"
    with pytest.raises(SecurityError):
        template.render(named=Named("{0.__class__}".format), plain=False, seller="Dupont")


def test_a_function_that_says_it_is_unsafe_is_not_called() -> None:
    def close() -> str:
        return "closed"

    close.unsafe_callable = True  # type: ignore[attr-defined]
    template = a_sandbox(words="{{ close() }}").get_template("words")

    with pytest.raises(SecurityError):
        template.render(close=close)


def test_a_macro_takes_what_it_names_and_escapes_its_values() -> None:
    words = "{% macro say(what, twice=false) %}<b>{{ what }}{% if twice %}{{ what }}{% endif %}</b>{% endmacro %}"
    called = "{% for one in names %}{{ say(one, twice=true) }}{% endfor %}{{ say('c') }}"
    template = a_sandbox(words=words + called).get_template("words")

    assert template.render(names=["a&", "b"]) == "<b>a&amp;a&amp;</b><b>bb</b><b>c</b>"


def test_a_macro_given_too_much_is_an_error() -> None:
    template = a_sandbox(words="{% macro say() %}a{% endmacro %}{{ say(1) }}").get_template("words")

    with pytest.raises(TypeError, match="takes not more than 0"):
        template.render()


def test_a_template_is_compiled_once_and_what_is_asked_with_its_own_values_is_not_kept() -> None:
    sandbox = a_sandbox(words="{{ today }}")

    assert sandbox.get_template("words") is sandbox.get_template("words")
    assert sandbox.get_template(sandbox.get_template("words")) is sandbox.get_template("words")
    assert sandbox.get_template("words", globals={"today": "Monday"}).render() == "Monday"


def test_two_folders_with_a_template_of_one_name_keep_both() -> None:
    shipped = jinja2.DictLoader({"words": "shipped"})
    own = jinja2.DictLoader({"words": "own, {% include 'shipped/words' %}"})
    loader = jinja2.ChoiceLoader([own, jinja2.PrefixLoader({"shipped": shipped})])
    sandbox = Sandbox(loader=loader)

    assert [sandbox.get_template("words").render() for _ in range(2)] == ["own, shipped", "own, shipped"]
    assert sandbox.get_template("shipped/words").render() == "shipped"
