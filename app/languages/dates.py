"""Moments and numbers as the reader's language writes them."""

from datetime import datetime

from app.languages import MARKS, current
from app.languages.numbers import quantity
from app.languages.say import say
from app.languages.telling import told

FORMS = {
    "day": say("%-d %b %Y"),
    "short": say("%-d %b %H:%M UTC"),
    "minute": say("%-d %b %Y, %H:%M UTC"),
    "sorted": "%Y-%m-%d %H:%M",
    "sorted_day": "%Y-%m-%d",
}
"""As strftime wants them. The forms for lists, which begin with the year, are the same for everybody."""
MONTHS = (
    say("Jan"),
    say("Feb"),
    say("Mar"),
    say("Apr"),
    say("May"),
    say("Jun"),
    say("Jul"),
    say("Aug"),
    say("Sep"),
    say("Oct"),
    say("Nov"),
    say("Dec"),
)


def dated(moment: datetime, form: str) -> str:
    """The months' names are ours: the machine's locale has no say."""
    return moment.strftime(told(FORMS[form]).replace("%b", told(MONTHS[moment.month - 1])))


def number(value: int) -> str:
    """1,234"""
    return quantity(f"{value:,}", MARKS.get(current()))
