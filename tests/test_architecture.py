"""The shape of the code: imports go one way, outside tools have one importer, modules stay small."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

APP = Path(__file__).parents[1] / "app"

# From the bottom up: a module may import modules of its own layer and of those above it in this list.
LAYERS = [
    # words: pure data that everything speaks of
    ["app.languages.say"],
    [
        "app",
        "app.errors",
        "app.resources",
        "app.languages",
        "app.audio.model",
        "app.audio.formats",
        "app.tags.model",
    ],
    ["app.freshness.versions"],
    # base
    [
        "app.setting_values",
        "app.settings",
        "app.front",
        "app.sub_path",
        "app.db",
        "app.soundness",
        "app.ballast",
        "app.backup",
        "app.migrate",
        "app.opening",
        "app.locks",
        "app.restore",
        "app.queue",
        "app.children",
        "app.room",
        "app.scanning",
        "app.services",
        "app.freshness.installs",
        "app.files",
        "app.redact",
        "app.logs",
        "app.meters",
        "app.meter_line",
        "app.access",
        "app.htmx",
    ],
    # files and the outside world
    ["app.audio", "app.tags", "app.sources", "app.library.paths", "app.library.words", "app.library.derived"],
    # rows
    [
        "app.accounts.model",
        "app.library.model",
        "app.library.change_model",
        "app.library.sound_model",
        "app.library.print_model",
        "app.downloads.model",
        "app.lookups.model",
        "app.rules.model",
        "app.library.change_count",
        "app.library.rename_model",
        "app.tell.model",
        "app.cookies.model",
    ],
    [
        "app.accounts.queries",
        "app.accounts.identity_queries",
        "app.library.duplicate_queries",
        "app.library.change_queries",
        *(f"app.library.{name}" for name in ("queries", "search", "find", "groups", "likes")),
        "app.library.sound_queries",
        "app.library.print_queries",
        "app.library.rename_queries",
        "app.lookups.queries",
        "app.rules.queries",
        "app.tell.queries",
        "app.cookies.queries",
        *(
            f"app.downloads.{name}"
            for name in (
                "queries",
                "print_queries",
                "places",
                "told",
                "schedule_queries",
                "site_queries",
                "undo_queries",
                "usage_queries",
            )
        ),
    ],
    # services and cruxes
    ["app.lookups", "app.rules", "app.tell", "app.cookies", "app.freshness"],
    ["app.accounts", "app.library"],
    ["app.downloads"],
    # edges
    [
        *(
            f"app.accounts.{name}"
            for name in (
                "guards",
                "pages",
                "oidc_pages",
                "settings_pages",
                "phone_pages",
                "link_pages",
                "api",
                "commands",
            )
        ),
        *(
            f"app.library.{name}"
            for name in (
                "requests",
                "pages",
                "list_pages",
                "track_pages",
                "edit_pages",
                "trash_pages",
                "duplicate_pages",
                "sound_pages",
                "sound_commands",
                "print_commands",
                "naming_pages",
                "naming_api",
                "rename_pages",
                "rename_commands",
                "api",
                "change_api",
                "commands",
            )
        ),
        *(
            f"app.downloads.{n}"
            for n in (
                "requests",
                "pages",
                "review_pages",
                "candidate_pages",
                "cover_pages",
                "duplicate_pages",
                "listen_pages",
                "spectrum_pages",
                "submit_pages",
                "activity_pages",
                "api",
                "api_shapes",
                "commands",
            )
        ),
        *(f"app.rules.{name}" for name in ("pages", "api")),
        "app.tell.forms",
        "app.tell.pages",
        "app.tell.api",
        *(f"app.cookies.{name}" for name in ("pages", "api")),
        "app.tell.devices",
        "app.tags.commands",
        "app.backup_commands",
        "app.freshness.commands",
    ],
    # wiring
    [
        "app.worker",
        "app.openapi",
        "app.metrics",
        "app.pwa",
        "app.web",
        "app.serve",
        "app.checks",
        "app.doctor",
        "app.cli",
        "app.__main__",
    ],
]

# Edges that are wiring's guests: they are loaded by the command line and use what it made.
COMMANDS = {
    "app.accounts.commands",
    "app.library.commands",
    "app.library.sound_commands",
    "app.library.print_commands",
    "app.library.rename_commands",
    "app.downloads.commands",
    "app.tags.commands",
    "app.freshness.commands",
}

ONLY_IMPORTERS = {
    "mutagen": {
        "app.audio.measure",
        "app.tags.containers",
        "app.tags.foreign",
        "app.tags.id3",
        "app.tags.mp4",
        "app.tags.vorbis",
    },
    "watchfiles": {"app.library.watch"},
    "yt_dlp": {
        "app.sources.runner",
        "app.sources.rehearsal",
        "app.sources.notes",
        "app.sources.failure_causes",
        "app.sources.downloader",
    },
    "urllib3": {"app.freshness.index"},
    "authlib": {"app.accounts.oidc"},
    "joserfc": {"app.accounts.oidc"},
    "apprise": {"app.tell.notify"},
    "beets": {"app.lookups.autotag_child"},
    "PIL": {"app.tags.squares"},
    "Cryptodome": {"app.cookies.seal", "app.tell.sealing"},
    "prometheus_client": {"app.metrics"},
    "segno": {"app.accounts.qr"},
    "polib": {"app.languages.catalogue", "app.languages.extracting"},
    "huey": {"app.queue"},
    "argon2": {"app.accounts.passwords"},
    "alembic": {"app.migrate"},
}

MAX_LINES = 400


def name_of(file: Path) -> str:
    parts = file.relative_to(APP.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): file for file in sorted(APP.rglob("*.py"))}


def layer_of(module: str) -> int:
    """The layer of the longest prefix that LAYERS names."""
    prefixes = [".".join(module.split(".")[:length]) for length in range(module.count(".") + 1, 0, -1)]
    for prefix in prefixes:
        for number, names in enumerate(LAYERS):
            if prefix in names and (prefix != "app" or module == "app"):
                return number
    raise AssertionError(f"{module} is in no layer: say where it belongs")


def imports_of(module: str) -> set[str]:
    """Everything that the module imports at run time, also inside functions."""
    tree = ast.parse(MODULES[module].read_text())
    skipped = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found.update(name if name in MODULES else node.module for name in names)
    return found


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_one_way(module: str) -> None:
    upward = {
        other
        for other in imports_of(module)
        if other in MODULES and layer_of(other) > layer_of(module) and module not in COMMANDS
    }
    assert not upward, f"{module} imports {upward} from a layer above its own"


def test_the_library_does_not_know_downloads() -> None:
    for module in MODULES:
        if module.startswith(
            ("app.library", "app.accounts", "app.lookups", "app.tags", "app.audio", "app.sources")
        ):
            guests = {other for other in imports_of(module) if other.startswith("app.downloads")}
            assert not guests, f"{module} imports {guests}"


@pytest.mark.parametrize("library", ONLY_IMPORTERS)
def test_an_outside_library_has_few_importers(library: str) -> None:
    importers = {
        module
        for module in MODULES
        if any(name == library or name.startswith(library + ".") for name in imports_of(module))
    }
    assert importers <= ONLY_IMPORTERS[library]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_small_and_says_what_it_owns(module: str) -> None:
    text = MODULES[module].read_text()
    assert len(text.splitlines()) <= MAX_LINES
    assert ast.get_docstring(ast.parse(text)), f"{module} has no docstring"


def test_what_the_children_load_knows_neither_database_nor_pages() -> None:
    """Each costs start time and memory, and a child that a stranger took over has no use for them."""
    program = "import sys; from app.downloads import warmup; warmup.warm_up(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=APP.parent)
    loaded = set(done.stdout.split())
    assert "yt_dlp" in loaded, done.stderr
    assert not loaded & {"sqlalchemy", "litestar", "jinja2", "huey", "uvicorn", "watchfiles"}


def test_what_reads_strangers_files_is_loaded_by_children_only() -> None:
    """The server names such work and never does it; all of this would be with it for as long as it runs."""
    program = """
import sys
from app import access, front, serve, web
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=APP.parent)
    loaded = set(done.stdout.split())
    assert {"app.downloads.stage", "app.freshness.update", "app.library.covers"} <= loaded, done.stderr
    assert not loaded & {"mutagen", "PIL", "yt_dlp", "urllib3", "http.server"}
