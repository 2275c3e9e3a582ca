"""The template that names tracks: of the environment, else an admin's choice, else our own; with presets."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from sqlalchemy.orm import Session

from app.errors import Conflict
from app.languages.say import say
from app.library import rename_queries
from app.library.model import Track
from app.library.rename_queries import Named
from app.services import Services
from app.settings import Settings
from app.tags import naming
from app.tags.model import Tags

SAMPLES = 8


@dataclass(frozen=True)
class Preset:
    name: str
    label: str
    template: str
    about: str


PRESETS = (
    Preset(
        "standard", say("Artist and album"), "", say("Tracks without an album are in the artist's folder.")
    ),
    Preset("flat", say("Flat"), "{artist} - {title}", say("All files in one folder.")),
    Preset(
        "navidrome",
        "Navidrome",
        "{album_artist}/{album} ({year})/{disc_no}-{track_no:02} {title}",
        say("Navidrome reads the tags; the year and the disc are for people who look into the folder."),
    ),
    Preset(
        "plex",
        "Plex",
        "{album_artist}/{album}/{disc_no}{track_no:02} - {title}",
        say("As Plex asks for it: 05 - Title, and 205 - Title on a second disc."),
    ),
)


def in_force(settings: Settings, session: Session) -> str:
    """The template; empty is our own."""
    return settings.naming or rename_queries.choice(session, rename_queries.NAMING) or ""


def current(services: Services) -> str:
    if services.settings.naming:
        return services.settings.naming
    with services.db.read() as session:
        return in_force(services.settings, session)


def path_for(services: Services, tags: Tags, extension: str) -> PurePosixPath:
    """Where a track with these tags is to go, by the template that is in force."""
    return naming.library_path(tags, extension, current(services))


def choose(services: Services, template: str) -> None:
    """Raises Invalid for a bad one, Conflict when the environment says how."""
    if services.settings.naming:
        raise Conflict("INLAY_NAMING says how tracks are named. Unset it to choose here.", code="fixed")
    naming.check_template(template)
    with services.db.write() as session:
        rename_queries.choose(session, rename_queries.NAMING, template)


def tags_of(track: Track | Named) -> Tags:
    """As much of its tags as a name is made of."""
    return Tags(
        title=track.title,
        artist=track.artist,
        album=track.album,
        album_artist=track.album_artist,
        track_no=track.track_no,
        disc_no=track.disc_no,
        date=track.date,
        genre=track.genre,
    )


def path_of(track: Track | Named, template: str) -> PurePosixPath:
    """Where this track belongs. Raises Invalid for a bad template."""
    return naming.library_path(tags_of(track), track.path.rpartition(".")[2], template)
