"""Marks a text for people, so that it is in the list of what is translated."""


def say(text: str) -> str:
    """The text as it is, in English. A page translates it when it shows it: `{{ text|told }}`.

    Write a whole sentence in place, plain or as f-string: `say(f"{count} tracks")` is listed as
    `{count} tracks`.
    """
    return text
