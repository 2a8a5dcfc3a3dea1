"""A seller's own words and brand: what is set is used, what is not stays shipped, and nothing reaches further."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from channels.port import Address
from channels.render import Renderer, TemplateError
from config.looks import LooksError, load_looks
from domain.levels import Channel, Level
from tests.content_factories import SIDS, TEMPLATES, a_content, content_in, plain

BRAND = """\
name: Dupont & fils
logo: https://dupont.example.com/logo.png
signature: |
  Claire Dupont
  Comptabilité
colour: "#5B2A86"
reply_to: compta@dupont.example.com
"""


def a_folder(root: Path, **files: str) -> Renderer:
    """A renderer with an operator's files; `__` stands for `/`, and what has no ending is a template."""
    for name, words in files.items():
        path = name.replace("__", "/")
        file = root / (path if path.endswith("brand") else f"{path}.j2")
        file = file.with_suffix(".yaml") if path.endswith("brand") else file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(words, encoding="utf-8")
    return Renderer(TEMPLATES, SIDS, load_looks(str(root)))


def test_a_brand_stands_in_every_mail(tmp_path: Path) -> None:
    rendered = a_folder(tmp_path, brand=BRAND).render(a_content())

    assert rendered.text.endswith("Claire Dupont\nComptabilité\n")
    html = rendered.html or ""
    assert '<img src="https://dupont.example.com/logo.png" alt="Dupont &amp; fils"' in html
    assert "#5b2a86" in html
    assert "Claire Dupont<br>Comptabilité" in html
    assert (rendered.from_name, rendered.reply_to) == ("Dupont & fils", "compta@dupont.example.com")


def test_a_brand_heads_every_letter(tmp_path: Path) -> None:
    renderer = a_folder(tmp_path, brand=BRAND + "place: Lyon\npostal_address: [12 rue des Arts, 69002 Lyon]\n")
    rendered = renderer.render(a_content(channel=Channel.LETTER, address=("Boulangerie Martin", "75011 Paris")))

    assert "Dupont & fils\n12 rue des Arts\n69002 Lyon\n\nBoulangerie Martin" in rendered.text
    assert "Lyon, le 22 décembre 2026" in rendered.text
    assert rendered.letter is not None
    assert rendered.letter.sender == ("Dupont & fils", "12 rue des Arts", "69002 Lyon")


def test_without_a_folder_all_is_as_shipped(tmp_path: Path) -> None:
    assert load_looks(None) == {}
    assert a_folder(tmp_path).render(a_content()) == Renderer(TEMPLATES, SIDS).render(a_content())


def test_a_sellers_brand_goes_over_that_of_all_value_by_value(tmp_path: Path) -> None:
    renderer = a_folder(tmp_path, brand=BRAND, sellers__acme__brand="name: Acme\naddress: informal\n")

    acme = renderer.render(a_content(seller_id="acme")).html or ""
    other = renderer.render(a_content(seller_id="other")).html or ""

    assert 'alt="Acme"' in acme
    assert "#5b2a86" in acme
    assert "ton règlement" in acme
    assert "votre règlement" in other


def test_one_block_is_changed_and_the_rest_stays_shipped(tmp_path: Path) -> None:
    own = "{% block closing %}À très vite [chez vous|chez toi] !{% endblock %}"
    words = '{% extends "shipped/fr/email/courteous.j2" %}' + own
    rendered = a_folder(tmp_path, fr__email__courteous=words).render(a_content())

    assert "À très vite chez vous\u00a0!" in rendered.text
    assert "À très vite chez vous\u00a0!" in (rendered.html or "")
    assert "pas encore reçu" in rendered.text


def test_a_shared_block_is_changed_for_every_tone(tmp_path: Path) -> None:
    words = '{% extends "shipped/en/mail.j2" %}{% block person %}Who pays?{% endblock %}'
    renderer = a_folder(tmp_path, en__mail=words)
    for tone in Level:
        assert "Who pays?" in renderer.render(content_in(tone, Channel.EMAIL, "en")).text


def test_a_sellers_words_are_for_that_seller_alone(tmp_path: Path) -> None:
    words = '{% extends "shipped/fr/email/courteous.j2" %}{% block closing %}Acme seul.{% endblock %}'
    renderer = a_folder(tmp_path, sellers__acme__fr__email__courteous=words)

    assert "Acme seul." in renderer.render(a_content(seller_id="acme")).text
    assert "Acme seul." not in renderer.render(a_content(seller_id="../acme")).text
    assert "Acme seul." not in renderer.render(a_content()).text


@pytest.mark.parametrize(
    "name",
    [
        "sellers/other/fr/email/courteous.j2",
        "./sellers/other/fr/email/courteous.j2",
        "/sellers//other/fr/email/courteous.j2",
        "Sellers/other/fr/email/courteous.j2",
        "brand.yaml",
        "../secret.j2",
        "/etc/passwd",
        "shipped/../../secret.j2",
        "shipped/README.md",
    ],
)
def test_a_template_reaches_no_file_but_templates(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.j2").write_text("secret")
    files = {
        "brand": BRAND,
        "sellers__other__fr__email__courteous": "of another seller",
        "sellers__acme__fr__email__courteous": '{% extends "fr/mail.j2" %}{% block opening %}'
        f'{{% include "{name}" %}}{{% endblock %}}{{% block subject %}}x{{% endblock %}}',
    }
    with pytest.raises(TemplateError):
        a_folder(tmp_path / "templates", **files).render(a_content(seller_id="acme"))


@pytest.mark.parametrize(
    "words",
    [
        "{{ self.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ seller.format.__globals__ }}",
        "{{ '{0.__class__.__mro__}'.format(seller) }}",
        "{{ lines[0].__setattr__('number', 'x') }}",
        "{{ request }}",
        "{{ open('/etc/passwd') }}",
        "{% import 'os' as os %}",
        "{{ lipsum.__globals__ }}",
    ],
)
def test_an_admins_template_cannot_reach_out(tmp_path: Path, words: str) -> None:
    files = {"fr__sms__courteous": '{% extends "fr/sms.j2" %}{% block opening %}' + words + "{% endblock %}"}
    with pytest.raises(TemplateError, match="fr/sms/courteous"):
        a_folder(tmp_path, **files).render(a_content(channel=Channel.SMS))


def test_informal_french_says_tu_and_english_has_one_form(tmp_path: Path) -> None:
    renderer = a_folder(tmp_path, brand="address: informal")
    for tone in Level:
        for channel in (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.PHONE):
            told = plain(renderer.render(content_in(tone, channel, "fr", ask=("reason", "plan"))).text)
            assert not [
                word
                for word in (" vous", "Vous", "votre ", "vos ", "-vous", "[")
                if word in told.replace("[votre nom]", "").replace("[numéro]", "")
            ], told
    english = content_in(Level.FIRM, Channel.WHATSAPP, "en")
    assert renderer.render(english) == Renderer(TEMPLATES, SIDS).render(english)


def test_an_approved_text_with_tu_has_a_name_of_its_own(tmp_path: Path) -> None:
    """Else vous would be sent and tu be logged."""
    content = content_in(Level.FIRM, Channel.WHATSAPP, "fr")
    looks = load_looks(str(tmp_path)) | {"": load_looks(str(tmp_path))[""]}
    assert Renderer(TEMPLATES, SIDS, looks).render(content).content_sid == "HXfrfirm"
    informal = a_folder(tmp_path, brand="address: informal")
    assert informal.render(content).content_sid is None
    assert (
        Renderer(TEMPLATES, {"fr.firm.informal": "HXtu"}, load_looks(str(tmp_path))).render(content).content_sid
        == "HXtu"
    )


def test_the_texts_to_approve_are_known_by_their_names_a_steps_own_too(tmp_path: Path) -> None:
    shipped = Renderer(TEMPLATES, {}).approved_names()
    assert {"fr.courteous", "fr.final", "fr.firm.informal", "en.survey"} <= shipped
    assert not {"fr.variables", "en.firm.informal", "fr.widen", "layouts.mail"} & shipped
    own = a_folder(tmp_path, fr__whatsapp__steps__widen="x").approved_names()
    assert own - shipped == {"fr.widen", "fr.widen.informal"}


def test_the_texts_that_lack_their_approval_are_named_as_they_are_spoken(tmp_path: Path) -> None:
    """`final` says what `formal` says, and nobody who says vous needs a text with tu."""
    words = ("check_in", "courteous", "firm", "formal", "survey", "thanks", "upcoming")
    assert Renderer(TEMPLATES, {}).not_approved() == (
        *(f"en.{word}" for word in words),
        *(f"fr.{word}" for word in words),
    )
    informal = a_folder(tmp_path, brand="address: informal", fr__whatsapp__steps__widen="x")
    assert [name for name in informal.not_approved() if name.startswith("fr.f")] == [
        "fr.firm.informal",
        "fr.formal.informal",
    ]
    assert {"fr.widen.informal"} == {name for name in informal.not_approved() if "widen" in name}
    all_but_one = dict.fromkeys(Renderer(TEMPLATES, {}).approved_names() - {"fr.thanks"}, "HX")
    assert Renderer(TEMPLATES, all_but_one).not_approved() == ("fr.thanks",)


def test_an_sms_template_may_keep_its_letters(tmp_path: Path) -> None:
    own = '{% set letters = "exact" %}{% block message %}Ça ne va pas, Noël\u00a0? « reçu »{% endblock %}'
    words = '{% extends "shipped/fr/sms/courteous.j2" %}' + own
    content = a_content(channel=Channel.SMS)

    exact = a_folder(tmp_path, fr__sms__courteous=words).render(content)
    plainer = a_folder(tmp_path, fr__sms__courteous=words.replace("exact", "plain")).render(content)

    assert 'Ça ne va pas, Noël ? "reçu"' in exact.text
    assert 'Ça ne va pas, Noel ? "recu"' in plainer.text
    assert (exact.segments, plainer.segments) == (1, 1)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_an_opening_of_ones_own_need_not_tell_of_the_promise(tmp_path: Path, language: str) -> None:
    """The sentence went into the shipped openings, and was gone from all others."""
    words = (
        f'{{% extends "shipped/{language}/sms/courteous.j2" %}}{{% block opening %}}{{{{ what() }}}}.{{% endblock %}}'
    )
    content = a_content(channel=Channel.SMS, language=language, promised_on=date(2026, 12, 16))
    text = plain(a_folder(tmp_path, **{f"{language}__sms__courteous": words}).render(content).text)
    told = {
        "fr": "Vous l’aviez annoncé pour le 16 décembre",
        "en": "You had told us to expect it by 16 December 2026.",
    }
    assert told[language].replace("’", "'") in text
    shipped = plain(Renderer(TEMPLATES, {}).render(content).text)
    assert shipped.count("16 décembre" if language == "fr" else "16 December") == 1


@pytest.mark.parametrize(
    ("brand", "told"),
    [
        ("name: [a]", "brand.yaml:1: name: "),
        (
            "logo: http://x.example.com/a.png",
            'brand.yaml:1: logo: "http://x.example.com/a.png" is not the address of a',
        ),
        ("logo: javascript:alert(1)", "is not the address of a picture"),
        ('name: X\ncolour: "red"', 'brand.yaml:2: colour: "red" is not a colour'),
        ('colour: "#ffee00"', "is too light for the white words on it"),
        ("reply_to: nobody", '"nobody" is not an e-mail address'),
        ("reply_to: compté@dupont.example.com", '"compté@dupont.example.com" is not an e-mail address'),
        ("reply_to: a@b..example.com", '"a@b..example.com" is not an e-mail address'),
        ("address: familiar", "brand.yaml:1: address: "),
        ("place: [Lyon]", "brand.yaml:1: place: "),
        ("postal_address: 12 rue des Arts", "brand.yaml:1: postal_address: "),
        ("postal_address: [1, 2]", "brand.yaml:1: postal_address: "),
        ("postal_address: [a, b, c, d, e, f, g]", "has 7 lines; at most 6 fit on a letter"),
        ("slogan: x", "brand.yaml:1: slogan: "),
        ("name: x\n  y: z", "brand.yaml:2: "),
        ("x: " + "y" * 70_000, "is larger than"),
    ],
)
def test_a_wrong_brand_is_told_with_its_place(tmp_path: Path, brand: str, told: str) -> None:
    (tmp_path / "brand.yaml").write_text(brand)
    with pytest.raises(LooksError) as caught:
        load_looks(str(tmp_path))
    assert told in str(caught.value)


def test_a_brand_that_is_no_text_and_a_folder_that_is_not_there_are_told(tmp_path: Path) -> None:
    (tmp_path / "brand.yaml").write_bytes(b"name: \xff")
    with pytest.raises(LooksError, match="is not UTF-8 text"):
        load_looks(str(tmp_path))
    with pytest.raises(LooksError, match=r"RELANCE_TEMPLATES: .*gone: no such folder"):
        load_looks(str(tmp_path / "gone"))


def test_a_name_in_a_brand_is_a_strangers_word_like_any(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"brand": 'name: "<b>X</b>\\nBcc: all@example.com"\nsignature: "<i>Y</i>"'}
    rendered = a_folder(tmp_path, **changes).render(a_content())

    assert "<b>" not in (rendered.html or "")
    assert "<i>" not in (rendered.html or "")
    assert "\n" not in (rendered.from_name or "")


def test_the_folder_of_all_is_formal_unless_it_says_otherwise(tmp_path: Path) -> None:
    assert load_looks(str(tmp_path))[""].brand.address is Address.FORMAL


_VOUS = re.compile(r"\b(vous|votre|vos|veuillez|\w+(?<!ch)ez)\b", re.IGNORECASE)
_CHOSEN = re.compile(r"\{#.*?#\}|\[[^\[\]|]*\|[^\[\]|]*\]|\[[^\[\]|]*\]|rendez-vous", re.DOTALL)


@pytest.mark.parametrize("file", sorted(TEMPLATES.glob("fr/**/*.j2")), ids=lambda file: file.name)
def test_no_shipped_words_say_vous_to_whoever_is_told_tu(file: Path) -> None:
    assert not _VOUS.findall(_CHOSEN.sub("", file.read_text(encoding="utf-8")))
