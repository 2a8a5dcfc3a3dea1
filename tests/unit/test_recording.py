"""A replay makes only what the delivery log tells of a message, and tells it as the whole words would."""

import pytest

from channels.port import Content, Rendered
from channels.recording import LogRenderer
from channels.render import Renderer, TemplateError
from channels.samples import LANGUAGES, samples
from config.wiring import TEMPLATES
from domain.levels import Channel

WHOLE = Renderer(TEMPLATES, {})
FOR_THE_LOG = LogRenderer(TEMPLATES, {})


def told(rendered: Rendered) -> tuple[str, int | None]:
    return rendered.template, rendered.segments


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_log_tells_of_each_message_what_its_words_would_have_told(channel: Channel, language: str) -> None:
    contents: list[Content] = [one.content for one in samples(language, channel)]
    assert contents
    assert [told(FOR_THE_LOG.render(one)) for one in contents] == [told(WHOLE.render(one)) for one in contents]


def test_a_message_without_a_template_is_found_out() -> None:
    content = next(samples("fr", Channel.EMAIL)).content
    with pytest.raises(TemplateError):
        LogRenderer(TEMPLATES / "nowhere", {}).render(content)
