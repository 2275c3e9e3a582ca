"""All texts for people in one list, `en.pot`: those of the templates, and those that Python marks or raises.

For who works on Inlay: `python -m app.languages` writes the list and brings the catalogues up to it.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polib
from jinja2 import Environment

from app.languages import ENGLISH, LANGUAGES
from app.languages.catalogue import FOLDER, HOLE, NOT_OURS, WITH_HOLES
from app.languages.pages import install

ROOT = FOLDER.parent.parent
ERRORS = {
    "Invalid": 0,
    "NotFound": 0,
    "Conflict": 0,
    "NotAllowed": 0,
    "NeedsLogin": 0,
    "TooMany": 0,
    "DatabaseTrouble": 0,
    "ProviderDown": 0,
    "Failure": 1,
}
"""Which argument of them is the sentence; `fields={…}` is looked at as well."""
ENGLISH_ONLY = re.compile(
    r"(^|/)(checks/.*|backup|restore|serve|migrate|opening|doctor|cli|setting_values|openapi)\.py$|(commands|api)\.py$"
)
"""What speaks to programs and to whoever runs Inlay. What such a module marks all the same is taken."""
HEADER = {
    "Project-Id-Version": "inlay",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
}
PLURALS = "nplurals=2; plural=(n != 1);"
_LITTLE = re.compile(r"[\W\d_]{0,4}")
"""What is no text: it says nothing beside its holes."""


@dataclass(frozen=True)
class Text:
    """A text and where it stands. `several` is its plural."""

    place: str
    text: str
    several: str = ""
    has_holes: bool = False


def template_texts() -> Iterator[Text]:
    environment: Any = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    install(environment)
    for file in sorted((ROOT / "templates").rglob("*.html")):
        place = str(file.relative_to(ROOT))
        for _, _, found in environment.extract_translations(file.read_text()):
            one, several = found[:2] if isinstance(found, tuple) else (found, "")
            yield Text(place, one, several or "")


def python_texts() -> Iterator[Text]:
    for file in sorted((ROOT / "app").rglob("*.py")):
        place = str(file.relative_to(ROOT))
        is_english = bool(ENGLISH_ONLY.search(place))
        for node in ast.walk(ast.parse(file.read_text(), place)):
            if isinstance(node, ast.Call):
                try:
                    found = list(_texts_of(node, errors=not is_english))
                except ValueError as error:
                    raise ValueError(f"{place}, line {node.lineno}: {error}") from error
                for text in found:
                    if _LITTLE.fullmatch(HOLE.sub("", text)) is None:
                        yield Text(place, text, has_holes=bool(HOLE.search(text)))


def _texts_of(call: ast.Call, *, errors: bool) -> Iterator[str]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if isinstance(call.func, ast.Name) and name == "say":
        yield from _written(call.args[0], strict=True)
    elif errors and name in ERRORS:
        place = ERRORS[name]
        if len(call.args) > place:
            yield from _written(call.args[place])
        for keyword in call.keywords:
            if keyword.arg == "message":
                yield from _written(keyword.value)
            if keyword.arg == "fields" and isinstance(keyword.value, ast.Dict):
                for value in keyword.value.values:
                    yield from _written(value)


def _written(node: ast.expr, *, strict: bool = False) -> Iterator[str]:
    """The text that stands there. What comes from elsewhere is marked there; `say` takes nothing else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield _with_holes(node)
    elif isinstance(node, ast.IfExp) and not strict:
        yield from _written(node.body)
        yield from _written(node.orelse)
    elif strict:
        raise ValueError("say() takes a text that is written in place")


def _with_holes(node: ast.JoinedStr) -> str:
    """The f-string as an entry: `f"{len(tracks)} of {limits.size}"` is `{tracks} of {size}`."""
    parts, used = [], dict[str, int]()
    for piece in node.values:
        if isinstance(piece, ast.Constant):
            parts.append(str(piece.value))
        elif isinstance(piece, ast.FormattedValue):
            name = _name_of(piece.value)
            used[name] = used.get(name, 0) + 1
            parts.append("{" + (name if used[name] == 1 else f"{name}{used[name]}") + "}")
    return "".join(parts)


def _name_of(node: ast.expr) -> str:
    """The name that says what it is: of `disk.size` and `count(tracks)` the last, of `row.left()` `left`."""
    if isinstance(node, ast.Call) and node.args:
        name = _name_of(node.func)
        return name if name in NOT_OURS else _name_of(node.args[-1])
    if isinstance(node, ast.Call):
        return _name_of(node.func)
    if isinstance(node, ast.Attribute | ast.Name):
        return (node.attr if isinstance(node, ast.Attribute) else node.id).lower().lstrip("_")
    names = [_name_of(inner) for inner in ast.iter_child_nodes(node) if isinstance(inner, ast.expr)]
    return next((name for name in names if name != "what"), "what")


def template_list() -> "polib.POFile":
    """Every text, each once, with the files where it stands. The same text is the same everywhere."""
    made = polib.POFile(wrapwidth=110)
    made.metadata = dict(HEADER)
    entries: dict[str, polib.POEntry] = {}
    for text in [*template_texts(), *python_texts()]:
        entry = entries.setdefault(text.text, polib.POEntry(msgid=text.text))
        if text.several and not entry.msgid_plural:
            entry.msgid_plural, entry.msgstr_plural = text.several, {0: "", 1: ""}
        if (text.place, "") not in entry.occurrences:
            entry.occurrences.append((text.place, ""))
        if text.has_holes and WITH_HOLES not in entry.flags:
            entry.flags.append(WITH_HOLES)
    made.extend(
        entries[key] for key in sorted(entries, key=lambda key: (entries[key].occurrences[0][0], key))
    )
    return made


def write_all(folder: Path = FOLDER) -> None:
    """The list, and each catalogue with what is new in it still empty and what is gone taken out."""
    texts = template_list()
    texts.save(str(folder / f"{ENGLISH}.pot"))
    for language in LANGUAGES:
        if language != ENGLISH:
            _bring_up(folder / f"{language}.po", language, texts)


def _bring_up(file: Path, language: str, texts: "polib.POFile") -> None:
    known = {entry.msgid: entry for entry in polib.pofile(str(file))} if file.exists() else {}
    made = polib.POFile(wrapwidth=110)
    made.metadata = HEADER | {"Language": language, "Plural-Forms": PLURALS}
    for text in texts:
        entry = polib.POEntry(
            msgid=text.msgid,
            msgid_plural=text.msgid_plural,
            occurrences=text.occurrences,
            flags=list(text.flags),
        )
        old = known.get(text.msgid)
        entry.msgstr = old.msgstr if old and not text.msgid_plural else ""
        if text.msgid_plural:
            entry.msgstr_plural = (old and old.msgstr_plural) or {0: "", 1: ""}
        made.append(entry)
    made.save(str(file))
