"""Languages in templates: `_("…")`, `ngettext`, `{% trans %}`, and `|told` for sentences made in Python."""

from datetime import datetime
from typing import Any

from jinja2 import Environment, pass_context
from markupsafe import Markup

from app.languages import current, dates
from app.languages.catalogue import catalogue
from app.languages.telling import told


def install(environment: Environment) -> None:
    """Teaches the templates to speak the reader's language."""
    made: Any = environment
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(_gettext, _ngettext, newstyle=True)
    environment.globals["language"] = current
    environment.filters |= {"told": _told, "dated": _dated, "number": _number}


def _gettext(text: str) -> str:
    return catalogue(current()).gettext(text)


def _ngettext(one: str, several: str, count: int) -> str:
    return catalogue(current()).ngettext(one, several, count)


# With the context, all of them: Jinja would take what is constant for the same in all languages.
@pass_context
def _told(context: Any, text: Any) -> Any:
    """What is markup already, or no text at all, stays as it is."""
    return text if isinstance(text, Markup) or not isinstance(text, str) else told(text)


@pass_context
def _dated(context: Any, moment: datetime, form: str) -> str:
    return dates.dated(moment, form)


@pass_context
def _number(context: Any, value: int) -> str:
    return dates.number(value)
