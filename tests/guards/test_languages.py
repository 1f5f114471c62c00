"""Every string that pages can show is in both catalogues, translated, and none is left outside of them.

What the code asks for is collected by `mailhelper.wording`, with which `bin/manage update_catalogues` writes
the catalogues: Python by `ast`, templates by Django's `templatize`. That needs no gettext on the machine, and
unlike xgettext it follows imports under other names. What templates leave untranslated is found by Django's
lexer and Python's HTML parser: tags become nothing, and what then still has letters is told.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from django.template.base import Lexer, TokenType

from mailhelper import wording

#: Words that are the same in every language.
NAMES = {"Mail", "Helper", "Mail Helper", "English", "Deutsch"}
SKIPPED = {"blocktranslate", "blocktrans", "comment"}
#: Blocks that hold class names.
CLASSES = [["block", "width"]]
ATTRIBUTES = {"title", "alt", "placeholder", "aria-label", "aria-description", "data-copied", "label"}

_LETTERS = re.compile(r"[^\W\d_]{2,}|\b[^\W\d_]\b")
_PLACEHOLDERS = re.compile(r"%\(\w+\)[a-z]|(?<!%)%[sd]|\{\w*\}|</?\w[^>]*>")
_TRANSLATE = re.compile(r"trans(late)?\b")
_LITERAL = re.compile(r"""(translate|trans)\s+(_\()?["']""")


@pytest.fixture(scope="module")
def wanted() -> Catalog:
    """What code and templates ask for."""
    return wording.collect()


def keys(catalogue: Catalog) -> set[tuple[str | None, object]]:
    return {(message.context, message.id) for message in entries(catalogue)}


def entries(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def as_texts(value: str | tuple[str, ...] | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_catalogue_holds_what_the_code_asks_for_and_nothing_else(language: str, wanted: Catalog) -> None:
    stored = wording.read(language)
    asked, held = keys(wanted), keys(stored)
    print(f"{language}: {len(held)} entries, {len(asked)} asked for")
    assert len(asked) > 300
    assert asked - held == set(), "missing: run bin/manage update_catalogues"
    assert held - asked == set(), "stale: run bin/manage update_catalogues"
    assert not stored.obsolete


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_entry_is_translated_and_sure(language: str) -> None:
    found = entries(wording.read(language))
    empty = [message.id for message in found if not all(text.strip() for text in as_texts(message.string))]
    assert empty == []
    assert [message.id for message in found if message.fuzzy] == []
    assert [m.id for m in found if m.pluralizable and len(m.string) != 2] == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_translation_has_the_placeholders_and_tags_of_its_source(language: str) -> None:
    different, compared = [], 0
    for message in entries(wording.read(language)):
        for source, translated in zip(as_texts(message.id), as_texts(message.string), strict=True):
            compared += bool(_PLACEHOLDERS.search(source))
            if sorted(_PLACEHOLDERS.findall(source)) != sorted(_PLACEHOLDERS.findall(translated)):
                different.append((source, translated))
    print(f"{language}: {compared} texts with placeholders")
    assert different == []
    assert compared > 50


def test_english_is_what_the_code_says() -> None:
    assert [message.id for message in entries(wording.read("en")) if message.id != message.string] == []


def test_german_keeps_its_manner() -> None:
    """No exclamation marks, no straight quotes, no "du"; units as symbols."""
    texts = [text for m in entries(wording.read("de")) for text in as_texts(m.string)]
    wrong = re.compile(r"""!|"(?![^<]*>)|\b[Dd](u|ich|ir|ein|eine[rmns]?)\b|\bStd\.|\bMin\.|ß\bss""")
    assert [text for text in texts if wrong.search(text)] == []


def test_an_update_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stored catalogues are as the command writes them, so that a diff shows new words only."""
    stored = {language: wording.catalogue_path(language).read_bytes() for language in ("en", "de")}
    monkeypatch.setattr(wording, "catalogue_path", lambda language: tmp_path / f"{language}.po")
    for language, content in stored.items():
        (tmp_path / f"{language}.po").write_bytes(content)
    wording.update_all()
    assert {language: (tmp_path / f"{language}.po").read_bytes() for language in stored} == stored


# --- what templates leave outside ---------------------------------------------------------------------


class Visible(HTMLParser):
    """Collects text and attributes that readers see or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "kbd"):
            self._inside.append(tag)
        self.found += [value for name, value in attrs if name in ATTRIBUTES and value]

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.found.append(data)


def without_tags(source: str) -> str:
    """A template without Django's tags, and without what they translate or leave out."""
    parts, until = [], ""
    for token in Lexer(source).tokenize():
        words = token.contents.split()
        if until:
            until = "" if words[:1] == [until] else until
        elif token.token_type == TokenType.BLOCK and (words[0] in SKIPPED or words[:2] in CLASSES):
            until = f"end{words[0]}"
        elif token.token_type == TokenType.TEXT:
            parts.append(token.contents)
    return "".join(parts)


def outside(source: str) -> list[str]:
    """Text of a template that no translation reaches."""
    reader = Visible()
    reader.feed(without_tags(source))
    reader.close()
    texts = (" ".join(text.split()).strip(" ·:") for text in reader.found)
    return [text for text in texts if _LETTERS.search(text) and text not in NAMES]


def variables(source: str) -> Iterator[str]:
    """`{% translate %}` of something that no catalogue can hold."""
    for token in Lexer(source).tokenize():
        if token.token_type == TokenType.BLOCK and _TRANSLATE.match(token.contents):
            yield from () if _LITERAL.match(token.contents) else (token.contents,)


def test_templates_have_no_text_outside_of_translation() -> None:
    files = sorted(wording.template_files())
    found = {path.name: outside(path.read_text()) for path in files}
    print(f"{len(files)} templates, {len(NAMES)} names allowed")
    assert len(files) > 30
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_templates_translate_literals_only() -> None:
    found = {path.name: list(variables(path.read_text())) for path in wording.template_files()}
    assert {name: tokens for name, tokens in found.items() if tokens} == {}


def test_messages_of_views_and_forms_are_translated() -> None:
    """No plain literal goes where only readers look: messages, form errors, labels, help texts."""
    calls = re.compile(
        r"""(messages\.(success|error|warning|info)\(\s*request,|ValidationError\(|add_error\(\s*[\w"']+,"""
        r"""|\b(label|help_text|empty_label|verbose_name(_plural)?)=)\s*f?["']"""
    )
    files = sorted(wording.code_files())
    found = {path.name: [m.group() for m in calls.finditer(path.read_text())] for path in files}
    print(f"{len(files)} files of Python")
    assert {name: texts for name, texts in found.items() if texts} == {}


# --- the guards can fail --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>Hello</p>", "Hello"),
        ("<p>{% translate 'Hello' %} you</p>", "you"),
        ("<a title='Close'>x1</a>", "Close"),
        ('<input placeholder="{{ x }} of">', "of"),
        ("{% comment %}no{% endcomment %}yes", "yes"),
        ("{% if a %}ok{% else %}{{ b }}{% endif %}", "ok"),
    ],
)
def test_text_outside_is_found(source: str, text: str) -> None:
    assert text in outside(source)


@pytest.mark.parametrize(
    "source",
    [
        "{% translate 'Hello' %} · <b>{{ name }}</b>, 3/3 …",
        "{% blocktranslate count n=n %}a{% plural %}b{% endblocktranslate %}",
        "<style>p { color: red }</style><kbd>Enter</kbd>{# a note #}",
        "<a class='wide' data-go='m' title=\"{% translate 'Close' %}\">Mail <b>Helper</b></a>",
    ],
)
def test_what_is_translated_or_no_text_is_let_through(source: str) -> None:
    assert outside(source) == []
