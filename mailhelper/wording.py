"""Every string that pages can show, collected from code and templates, and the catalogues of them.

Python is read by `ast`, which follows `from django.utils.translation import gettext as …` to any name;
templates go through Django's own `templatize`. The system's gettext is not needed.
"""

import ast
import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[1]
APPS = ("accounts", "mail", "tags", "rules", "mailhelper")
SOURCE = "en"
"""The language that strings are written in; its catalogue is made, not translated."""

MessageId = str | tuple[str, str]
Found = tuple[str | None, MessageId]
"""A context, and a msgid or a singular with its plural."""

_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "gettext": ("id",),
    "ngettext": ("id", "id"),
    "pgettext": ("context", "id"),
    "npgettext": ("context", "id", "id"),
}
#: The same as Babel wants it, of what `templatize` writes.
_KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


class NotLiteral(ValueError):
    """A string for translation that is put together while running: no catalogue can hold it."""


def catalogue_path(language: str) -> Path:
    """Where a language's catalogue is."""
    return ROOT / "locale" / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> Catalog:
    """A catalogue as it is stored; an empty one where there is none."""
    path = catalogue_path(language)
    if not path.exists():
        return Catalog(locale=language, project="Mail Helper", domain="django")
    with path.open("rb") as source:
        return read_po(source, locale=language, domain="django", abort_invalid=True)


def collect() -> Catalog:
    """All messages of code and templates, untranslated. Raises NotLiteral."""
    found = Catalog(domain="django")
    for path in sorted(code_files()):
        for context, message in in_code(path.read_text(), str(path.relative_to(ROOT))):
            found.add(message, context=context)
    for path in sorted(template_files()):
        for context, message in in_template(path.read_text(), str(path.relative_to(ROOT))):
            found.add(message, context=context)
    return found


def code_files() -> Iterator[Path]:
    """Python that runs in the product."""
    return (path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)


def template_files() -> Iterator[Path]:
    """Our templates."""
    return (ROOT / "templates").rglob("*.html")


def in_code(source: str, name: str) -> Iterator[Found]:
    """The messages of a Python file. Raises NotLiteral, which names the line."""
    tree = ast.parse(source, name)
    functions = _functions(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
            yield _message(node, _ARGUMENTS[functions[node.func.id]], name)


def in_template(source: str, name: str) -> Iterator[Found]:
    """The messages of a template."""
    # Indentation says nothing in a template, and would say too much to a tokenizer of Python.
    lines = (line.strip() for line in templatize(source, origin=name).splitlines())
    code = io.BytesIO("\n".join(lines).encode())
    for _line, message, _comments, context in extract("python", code, _KEYWORDS):
        yield context, message if isinstance(message, str) else (message[0], message[1])


def update(language: str) -> int:
    """Bring a catalogue up to date with the code; return how many entries it has. New ones are empty, those
    that are used no more are dropped; the catalogue of the source language is filled."""
    stored, wanted = read(language), collect()
    wanted.creation_date = stored.creation_date  # or each run would change the file
    stored.update(wanted, no_fuzzy_matching=True)
    stored.obsolete.clear()
    if language == SOURCE:
        _fill(stored)
    path = catalogue_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        write_po(target, stored, width=110, no_location=True, sort_output=True, ignore_obsolete=True)
    return len(stored)


def update_all() -> dict[str, int]:
    """All languages of the product."""
    return {language: update(language) for language, _name in settings.LANGUAGES}


def _functions(tree: ast.Module) -> dict[str, str]:
    """What the functions of translation are called in a file: `{"_": "gettext"}`."""
    return {
        alias.asname or alias.name: alias.name.removesuffix("_lazy").removesuffix("_noop")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if alias.name.removesuffix("_lazy").removesuffix("_noop") in _ARGUMENTS
    }


def _message(call: ast.Call, shape: tuple[str, ...], name: str) -> Found:
    texts = []
    for argument in call.args[: len(shape)]:
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
            raise NotLiteral(f"{name}:{call.lineno}")
        texts.append(argument.value)
    context = texts.pop(0) if shape[0] == "context" else None
    return context, (texts[0], texts[1]) if len(texts) > 1 else texts[0]


def _fill(catalogue: Catalog) -> None:
    for message in catalogue:
        if message.id:
            message.string = message.id
