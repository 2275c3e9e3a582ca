"""Lyrics for a track that is in the library: LRCLIB is asked, and what it knows goes into the file."""

from dataclasses import dataclass

from app.errors import Conflict
from app.languages.say import say
from app.library import edit, queries
from app.library.model import Track
from app.lookups.candidates import Question
from app.lookups.desk import Desk, known_words
from app.services import Services

MOST_TURNS = 15
"""How often a page looks for the answer, once a second."""


@dataclass(frozen=True)
class View:
    """What `library/_lyrics.html` shows: the button that asks, or how it stands."""

    id: str
    sentence: str = ""
    asking: bool = False
    turn: int = 0

    @property
    def action(self) -> str:
        return f"/library/tracks/{self.id}/lyrics?turn={self.turn}"


def view(services: Services, track: Track) -> View | None:
    """None where lyrics are not looked up."""
    return View(track.id) if "lrclib" in services.settings.lookups else None


def find(services: Services, track: Track, user_id: int, turn: int) -> View:
    """Ask for the words, and write them into the file once they are known; until then `turn` counts up.

    Words that are in the file stay. Raises Conflict, and Failure when the file cannot be changed.
    """
    if "lrclib" not in services.settings.lookups:
        sentence = say("Lyrics are not looked up here: name lrclib in INLAY_LOOKUPS, then start Inlay again.")
        raise Conflict(sentence, code="lookups_off")
    question = question_of(track)
    if question is None:
        sentence = say(
            "LRCLIB knows songs by artist, title and length, and this track lacks one. Edit it first."
        )
        raise Conflict(sentence, code="no_names")
    with services.db.read() as session:
        known = known_words(session, question)
    if known is None:
        if turn >= MOST_TURNS:
            return View(track.id, say("LRCLIB did not answer. Try again later."))
        if turn == 0:
            services.ring("words", track.id)
        return View(track.id, say("LRCLIB is being asked."), asking=True, turn=turn + 1)
    words = known[0]
    if words is None:
        return View(track.id, say("LRCLIB does not know its words."))
    tags = edit.read_whole(services, track)
    if tags.lyrics or tags.lyrics_synced:
        return View(track.id, say("Its words are in the file."))
    edit.edit(services, track, {"lyrics": words.plain, "lyrics_synced": words.synced}, user_id)
    if words.synced:
        done = say("The words are in the file now, each line with its time.")
    else:
        done = say("The words are in the file now.")
    return View(track.id, f"{done} {say('The history can take them out again.')}")


def question_of(track: Track) -> Question | None:
    duration_ms = track.quality.duration_ms if track.quality else None
    if not (track.title and track.artist and duration_ms):
        return None
    return Question(title=track.title, artist=track.artist, album=track.album, duration_ms=duration_ms)


def ask(services: Services, desk: Desk, track_id: str) -> None:
    """Answer a ring, in the worker. Returns at once."""
    with services.db.read() as session:
        track = queries.by_id(session, track_id)
    question = question_of(track) if track else None
    if question:
        desk.ask_words(question)
