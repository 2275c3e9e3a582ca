"""No text for people stands in a template without being marked for translation."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, nodes

from app.languages.extracting import ROOT
from app.languages.pages import install
from tests.languages.test_catalogues import entries

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "static").glob("*.js"))
ATTRIBUTES = {"aria-label", "title", "placeholder", "alt", "hx-confirm"}
SAME_EVERYWHERE = {
    "inlay",
    "· Inlay",
    "yt-dlp",
    "LRCLIB",
    "UTC",
    "youtube.com",
    "https://",
    "Bearer",
    "/api/v1/downloads/url",
    "{album_artist}/{album}/{track_no:02} {title}",
    '{"url": "", "text": "{shared}"}',
}
"""Names, and examples of what machines read."""
_MARKED = re.compile(r"\{%-?\s*trans\b.*?\{%-?\s*endtrans\s*-?%\}", re.DOTALL)
_JINJA = re.compile(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_ATTRIBUTE = re.compile(r'[\w-]+="[^"]*("|$)')
"""Of a macro that makes a part of a tag."""
_COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
_SCRIPT_TEXT = re.compile(r"""(["'`])((?:\\.|(?!\1)[^\\\n])*)\1""")
_HOLE = re.compile(r"\$\{[^}]*\}")
_THROWN = re.compile(r"throw new Error\(.*?\);")
_SENTENCE = re.compile(r"\W*[A-Z][a-z']*(…|[.!?]|( [\w']+)+)")
_WORD = re.compile(r"[^\W\d_]{2}")
_LITERAL = re.compile(r"[A-Z][^\W\d_]+|[^\W\d_]{2,} [^\W\d_]{2,}")


class Texts(HTMLParser):
    """Collects what people read: text, and the attributes that are read out or shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found += _ATTRIBUTE.sub("", data).split("\0")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [
            part for name, value in attrs if name in ATTRIBUTES for part in (value or "").split("\0")
        ]


def constants(node: nodes.Node) -> Iterator[str]:
    """The texts that an expression shows itself, without those that something is called or asked with."""
    if isinstance(node, nodes.Const):
        yield from [node.value] if isinstance(node.value, str) else []
    elif isinstance(node, nodes.CondExpr):
        for branch in (node.expr1, node.expr2):
            yield from constants(branch) if branch else ()
    elif isinstance(node, nodes.Filter):
        yield from constants(node.node) if node.node else ()
    elif isinstance(node, nodes.Or | nodes.And | nodes.Concat | nodes.Add):
        for inner in node.iter_child_nodes():
            yield from constants(inner)


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: str(file.relative_to(ROOT / "templates")))
def test_every_text_of_a_template_is_marked(file: Path) -> None:
    source = file.read_text()
    parser = Texts()
    parser.feed(_JINJA.sub(" \0", _MARKED.sub(" \0", source)))
    environment: Any = Environment(autoescape=True)
    install(environment)
    tree = environment.parse(source)
    shown = [text for out in tree.find_all(nodes.Output) for node in out.nodes for text in constants(node)]
    rows = [
        text
        for loop in tree.find_all(nodes.For)
        for one in loop.iter.find_all(nodes.Const)
        for text in [one.value]
    ]
    texts = [text.strip() for text in parser.found if _WORD.search(text)]
    texts += [text for text in shown + rows if isinstance(text, str) and _LITERAL.search(text)]
    marked = {
        message for _, _, found in environment.extract_translations(source) for message in as_list(found)
    }
    assert [text for text in texts if text not in SAME_EVERYWHERE and text not in marked] == []


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_no_script_has_a_sentence_of_its_own(file: Path) -> None:
    """What it says comes with the page, in the reader's language. What it throws is for the console."""
    source = _COMMENT.sub("", file.read_text())
    found = [
        text
        for _, text in _SCRIPT_TEXT.findall(_THROWN.sub("", source))
        if _SENTENCE.match(_HOLE.sub("", text))
    ]
    assert [text for text in found if text not in entries("en.pot")] == []


def as_list(found: Any) -> tuple[str, ...]:
    return found if isinstance(found, tuple) else (found,)
