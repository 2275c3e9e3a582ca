"""The only importer of beets, run in a short-lived child: its settings are globals, numpy comes with it."""

import os
from typing import Any

# numpy would start a thread per core, each with memory of its own, for the sake of some short texts.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

from beets import config
from beets.autotag.distance import track_distance
from beets.autotag.hooks import TrackInfo
from beets.library import Item

from app.children.child import Emit

# Its own defaults, and never the settings of somebody who also uses beets here.
config.read(user=False, defaults=True)


def distances(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Child side: by recording id, how far each of `candidates` is from `track`: 0 is the same, 1 nothing."""
    track = args["track"]
    item = Item(artist=track["artist"], title=track["title"], length=track["seconds"])
    return {
        id: float(
            track_distance(
                item,
                TrackInfo(track_id=id, artist=one["artist"], title=one["title"], length=one["seconds"]),
                incl_artist=True,
            ).distance
        )
        for id, one in args["candidates"].items()
    }
