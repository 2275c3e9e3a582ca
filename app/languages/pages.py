"""Languages in templates: `_("…")`, `ngettext`, `{% trans %}`, and `|told` for sentences made in Python."""

from typing import Any

from jinja2 import Environment, pass_context


def install(environment: Environment) -> None:
    """Teaches the templates to speak the reader's language."""
    made: Any = environment
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(str, lambda one, many, n: one if n == 1 else many, newstyle=True)
    environment.filters["told"] = told_filter


# With the context, so that Jinja does not take what is constant for the same in all languages.
@pass_context
def told_filter(context: Any, text: Any) -> Any:
    """A sentence that Python made, in the reader's language. What is not ours to translate stays."""
    return text
