"""The English catalogue without GNU gettext: strings are collected with Babel and Django's own template reader.

Messages are Chinese in the source; `config/locale/en/LC_MESSAGES/django.po` holds the English. Babel reads and writes
it, so that no program of the system is needed.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

BASE = Path(settings.BASE_DIR)
ROOMS = ("accounts", "assistance", "beneficiaries", "claims", "config", "exchange", "monitoring", "policies")
PO = Path(settings.LOCALE_PATHS[0]) / "en" / "LC_MESSAGES" / "django.po"
FUNCTIONS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
CHINESE = re.compile(r"[\u3400-\u9fff]")
# Names and words that are data or the same in both languages (see tests): everything else is translated.
FORMAT = re.compile(r"%\((\w+)\)[sdif]|%[sdif]|\{(\w*)\}")


def sources() -> Iterator[Path]:
    """Python files of the rooms, and all templates."""
    for room in ROOMS:
        for path in sorted((BASE / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path
    yield from sorted((BASE / "templates").rglob("*.html"))
    yield from sorted((BASE / "templates").rglob("*.txt"))


def collect() -> Catalog:
    """Every translatable string of the sources, with the files that hold it."""
    found = Catalog(locale="en", domain="django", project="Tuodi", version="", header_comment="# Tuodi, English\n")
    for path in sources():
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            text = templatize(text, origin=str(path))
        name = path.relative_to(BASE).as_posix()
        messages = extract("python", io.BytesIO(text.encode()), FUNCTIONS)
        for _line, message, comments, context in messages:
            found.add(message, locations=[(name, None)], auto_comments=comments, context=context)
    return found


def stored() -> Catalog:
    """The catalogue as it is in the project (empty when there is none)."""
    if not PO.exists():
        return Catalog(locale="en", domain="django")
    with PO.open("rb") as file:
        return read_po(file, locale="en", domain="django")


def merged() -> Catalog:
    """The collected strings with the translations that exist; what is no longer used is dropped, nothing is guessed."""
    new, old = collect(), stored()
    for message in new:
        if not message.id:
            continue
        known = old.get(message.id, context=message.context)
        if known is not None and not known.fuzzy:
            message.string = known.string
    return new


def text_of(catalogue: Catalog) -> bytes:
    """The file's bytes: sorted, without line numbers or dates, so that a change shows what changed."""
    out = io.BytesIO()
    write_po(out, catalogue, sort_output=True, omit_header=True, width=120)
    head = (
        'msgid ""\nmsgstr ""\n"Language: en\\n"\n"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
        '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
    )
    return head.encode() + out.getvalue()


def problems(catalogue: Catalog) -> list[str]:
    """What is wrong with a catalogue: untranslated, Chinese left, or values of the text missing in its translation."""
    return [f"{first(message)}: {why}" for message in catalogue if message.id and (why := _problem(message))]


def first(message: Message) -> str:
    """The message's own text (of a plural: the singular)."""
    return message.id[0] if isinstance(message.id, tuple | list) else message.id


def _problem(message: Message) -> str:
    texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
    if not all(texts):
        return "没有英文"
    if message.fuzzy:
        return "英文待核"
    if any(CHINESE.search(text) for text in texts):
        return "英文里有汉字"
    wanted = sorted(FORMAT.findall(first(message)))
    if any(sorted(FORMAT.findall(text)) != wanted for text in texts[-1:]):
        return "英文里的变量与原文不同"
    return ""


def compile_catalogue() -> Path:
    """Writes the .mo that Django reads at start."""
    target = PO.with_suffix(".mo")
    temporary = target.with_suffix(".mo.new")
    with temporary.open("wb") as file:
        write_mo(file, stored())
    temporary.replace(target)
    return target
