"""Every route of the application with every method that it takes: what tests of all routes go through."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.downloads.progress import ProgressBoard
from app.web import create_app
from tests.accounts_app import make_services

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CHANGING = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Route:
    """An address of the application. `takes` are its methods."""

    template: str
    takes: frozenset[str]
    public: bool
    submit: bool
    anonymous: bool
    """Nobody is looked up for it."""

    @property
    def is_api(self) -> bool:
        return self.template.startswith(("/api/", "/schema", "/metrics"))

    @property
    def names(self) -> list[str]:
        """The names of what its address holds."""
        return re.findall(r"{(\w+)}", self.template)

    def path(self, values: Mapping[str, object]) -> str:
        """The address with these values in it, taken as they are."""
        return re.sub(r"{(\w+)}", lambda found: str(values[found[1]]), self.template)


def all_routes(folder: Path) -> list[Route]:
    """The table of `create_app` itself: a new route is in it without being listed anywhere."""
    app = create_app(make_services(folder), ProgressBoard(folder))
    found: dict[str, Route] = {}
    for route in app.routes:
        handlers = getattr(route, "route_handler_map", None)
        assert handlers is not None, f"{route.path_format} is no HTTP route: say here how it is tested"
        options = {str(method): handler.opt for method, (handler, _) in handlers.items()}
        ours = [opt for method, opt in options.items() if method != "OPTIONS"]
        known = found.get(route.path_format)
        found[route.path_format] = Route(
            route.path_format,
            frozenset(options) | (known.takes if known else frozenset()),
            public=all(bool(opt.get("public")) for opt in ours) and (known is None or known.public),
            anonymous=all(bool(opt.get("anonymous")) for opt in ours) and (known is None or known.anonymous),
            submit=all(bool(opt.get("submit")) for opt in ours) and (known is None or known.submit),
        )
    assert len(found) > 40, "the list of routes has been found"
    return list(found.values())
