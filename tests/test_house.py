"""The house in order: who imports whom, style, types, migrations, translations, and templates without foreign parts."""

import ast
import re
import subprocess
import sys
import tomllib
from gettext import GNUTranslations
from pathlib import Path

import pytest
from django.core.management import call_command

from accounts import jobs
from config import catalogue

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {"accounts", "assistance", "beneficiaries", "claims", "config", "exchange", "monitoring", "policies"}
# One compiled chain is one module: Numba inlines what stands together.
LONGER = {"policies/engine/chain.py": 640}
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
FRONT = sorted(p for kind in ("css", "js", "svg") for p in (ROOT / "templates" / "static").rglob(f"*.{kind}"))
MODULES = [p for room in sorted(ROOMS) for p in sorted((ROOT / room).rglob("*.py")) if "migrations" not in p.parts]


def run(*command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_rooms_import_only_what_lies_below():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_layers_name_every_room():
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = {room for line in contract["contracts"][0]["layers"] for room in line.split(" | ")}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert layers == set(contract["root_packages"]) == packages == ROOMS == jobs.ROOMS | {"config"}


def test_ruff_finds_nothing():
    run("ruff", "check", "--no-cache", ".")


def test_code_is_formatted():
    run("ruff", "format", "--check", "--no-cache", ".")


def test_types():
    run("mypy")


def test_models_and_migrations_agree(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_english_catalogue_is_complete():
    call_command("makemessages", check=True)


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_templates_hold_no_inline_style_or_script(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<style\b|\sstyle\s*=", text)
    assert not re.search(r"<script\b(?![^>]*\bsrc=)", text)
    assert not re.search(r"""\son[a-z]+\s*=\s*["']|javascript:|\shx-on""", text)


@pytest.mark.parametrize("path", [*TEMPLATES, *FRONT], ids=name_of)
def test_nothing_comes_from_another_host(path):
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
    assert not re.search(r"https?://|@import\s|[\"'(=]//[a-z]", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_chinese_in_templates_is_translatable(path):
    """Words stand in trans or blocktranslate; comments may say what they like."""
    text = path.read_text(encoding="utf-8")
    for pattern in (
        r"{%\s*comment.*?endcomment\s*%}",
        r"{#.*?#}",
        r"{%\s*blocktrans(?:late)?\b.*?endblocktrans(?:late)?\s*%}",
        r"{%\s*trans(?:late)?\b.*?%}",
        r"""_\((["']).*?\1\)""",
        r">[ ]*中文(?=</button>)|(?<=%}) 中文(?=</button>)",  # the switch names each language in itself
    ):
        text = re.sub(pattern, "", text, flags=re.S)
    assert not re.findall(r"[\u3400-\u9fff]+", text)


# The API's own document is written in Chinese, for whoever connects a hospital; its answers are in both languages.
SPOKEN = [
    p for p in MODULES if ("views" in p.as_posix() or p.name == "admin.py") and name_of(p) != "claims/api/views.py"
]


@pytest.mark.parametrize("path", SPOKEN, ids=name_of)
def test_chinese_in_doors_is_translatable(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = {
        id(arg)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", ""))
        in {"_", "gettext", "gettext_lazy", "ngettext", "pgettext"}
        for arg in node.args
    }
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    loose = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in calls | documented
        and re.search(r"[\u3400-\u9fff]", node.value)
    ]
    assert not loose


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_files_stay_readable(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGER.get(name_of(path), 500), "split by meaning"


def test_the_english_catalogue_is_compiled():
    """`make setup` does it; without the .mo the switch to English would show Chinese."""
    with catalogue.PO.with_suffix(".mo").open("rb") as file:
        compiled = GNUTranslations(file)
    stale = []
    for message in catalogue.stored():
        if not message.id or not message.string:
            continue
        text, english = catalogue.first(message), message.string
        if isinstance(english, tuple | list):
            found = (compiled.ngettext(*message.id, 1), compiled.ngettext(*message.id, 2))
            english = tuple(english)
        else:
            found = compiled.pgettext(message.context, text) if message.context else compiled.gettext(text)
        if found != english:
            stale.append(text)
    assert not stale, "run manage.py compilemessages"
