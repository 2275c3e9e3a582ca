"""What a person typed into a review and has not sent yet."""

from collections.abc import Mapping

from app.downloads import forms
from app.downloads.model import StagedTrack
from app.tags.values import texts

FIELDS = (*forms.TEXTS, *forms.NUMBERS, "date", "cover")


def before(track: StagedTrack) -> dict[str, str]:
    """What the form says while nothing was typed: what is proposed, or what was confirmed once already."""
    proposed = {name: found.value for name, found in track.proposal.fields.items()}
    said = texts(track.tags) if track.tags else proposed
    return {name: said.get(name, "") for name in FIELDS} | {"cover": "" if track.with_cover else "none"}


def values_of(track: StagedTrack) -> dict[str, str]:
    """What the form says."""
    return {**before(track), **(track.draft or {})}


def draft_of(track: StagedTrack, form: Mapping[str, str]) -> dict[str, str] | None:
    """Where the form differs from what it said before; None when it does not."""
    said = before(track)
    typed = {name: form[name] for name in FIELDS if name in form}
    return {name: text for name, text in typed.items() if text != said[name]} or None
