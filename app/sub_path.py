"""Templates under a sub-path: their addresses get it when they are compiled, so they are written without."""

import re

from jinja2 import Environment
from jinja2.ext import Extension

# Of every attribute that holds an address; of `data-…` only what begins with `/` in the template itself.
_HOLDS_ADDRESS = r"(?<![\w-])(?:href|src|action|formaction|poster|hx-[a-z:-]+|data-src|data-draft)"
_WRITTEN = re.compile(rf"""({_HOLDS_ADDRESS}|(?<![\w-])data-[a-z-]+)=(["'])/(?!/)""")
_COMPUTED = re.compile(rf"""({_HOLDS_ADDRESS})=(["'])\{{\{{-?(.*?)-?\}}\}}""", re.DOTALL)


class SubPath(Extension):
    """Puts the environment's `base_path` before every address of ours."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters["at_base"] = self.at_base

    def at_base(self, address: str) -> str:
        """An address of ours as a browser needs it; others as they are."""
        ours = str(address).startswith("/") and not str(address).startswith("//")
        # Plus, so that text which was escaped stays so.
        return self._base + address if ours else address

    @property
    def _base(self) -> str:
        base = self.environment.globals["base_path"]
        assert isinstance(base, str)
        return base

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        base = self._base
        if not base:
            return source
        source = _WRITTEN.sub(rf"\1=\2{base}/", source)
        return _COMPUTED.sub(r"\1=\2{{ (\3) | at_base }}", source)
