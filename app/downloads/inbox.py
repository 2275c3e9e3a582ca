"""What the inbox shows: the cards by what they want of the person."""

from typing import Any

from app.accounts.model import User
from app.downloads import cards, known, queries
from app.downloads.places import places_of
from app.downloads.progress import ProgressBoard
from app.services import Services

ADDED_HOURS = 24


def inbox_of(services: Services, board: ProgressBoard, user: User, follow: str = "") -> dict[str, Any]:
    """For `_inbox.html`. The card `follow`, an id, takes its page to the review as soon as there is one."""
    with services.db.read() as session:
        downloads = queries.inbox(session, user.id, done_since=queries.done_since(ADDED_HOURS))
        have, places = known.of_reviews(session, downloads), places_of(session, downloads)
    found = [cards.card_of(download, board, services.room, have, places) for download in downloads]
    shown = [card for card in found if card.lane != "added"] + [c for c in found if c.lane == "added"][:3]
    return {
        "lanes": cards.lanes(shown),
        "active": any(card.active for card in shown),
        "nav": "inbox",
        "follow": follow if any(card.id == follow for card in shown) else "",
    }
