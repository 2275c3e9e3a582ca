"""What each kind of child may take and reach: one table, with the reason for each number."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    # Every child loads this module, and the settings take longer to load than all else that most need.
    from app.settings import Settings

MiB = 2**20
GiB = 2**30


class Reach(TypedDict):
    """All that Landlock leaves open, where the kernel has it, besides the system's own libraries."""

    reads: list[str]
    writes: list[str]
    """Files or folders. The first folder is where the child works and has its temporary files."""
    programs: list[str]
    """What it may run: paths, or names to be found in the child's PATH."""
    port: int | None
    """The one TCP port that it may connect to."""


class Limits(TypedDict, total=False):
    """What is not named is not limited. Programs that a child starts inherit the rest of its limits."""

    memory_bytes: int
    """Private memory beyond what the child has when it begins."""
    program_bytes: int
    """Private memory of a program that is started with `room_for_a_program`."""
    stack_bytes: int
    """Of each thread that a program starts."""
    file_bytes: int
    """The largest file that it may write."""
    open_files: int
    cpu_s: int
    """Seconds of computing for each of its processes. The wall time is for the parent to watch."""
    nice: int
    reach: Reach


FETCH = Limits(
    # On top of some 75 MiB that yt-dlp's modules take: pages of some MB, and an ordinary JPEG of 25
    # megapixels (270 MiB). A page that unpacks to gigabytes and a JSON without end stop here.
    memory_bytes=300 * MiB,
    # deno reserves 512 MiB before it does anything, and a player page of YouTube of 2.6 MB takes 350 more
    # to read; at 768 MiB it aborts.
    program_bytes=1280 * MiB,
    # curl_cffi, the channel, some fragments at once.
    open_files=256,
    # Somebody waits for it; the pages still come first.
    nice=2,
)
CONVERT = Limits(
    # ffmpeg needs less than 100 MiB for any format of ours, with one thread.
    memory_bytes=256 * MiB,
    # The largest files that it may write are long WAVs.
    file_bytes=8 * GiB,
    open_files=64,
    nice=10,
)
TAGS = Limits(
    # A picture of 64 MB is held more than once while it is written; an ID3 tag that unpacks to 2 GB is not.
    memory_bytes=256 * MiB,
    open_files=1024,
    # Per batch of 2,000 files. An ordinary one takes a thousandth of it; the parent waits 10 s for each.
    cpu_s=600,
    nice=2,
)
COVER = Limits(
    # 25 megapixels are 100 MiB, and are held up to five times on the way (grey with transparency).
    memory_bytes=512 * MiB,
    file_bytes=16 * MiB,
    open_files=64,
    cpu_s=30,
    nice=2,
)
PICTURE = Limits(
    # TLS and a buffer; what came is decoded in another child.
    memory_bytes=128 * MiB,
    file_bytes=21 * MiB,
    open_files=64,
    cpu_s=20,
    nice=2,
)
NOTIFY = Limits(
    # Apprise and all its services take 60 MiB.
    memory_bytes=256 * MiB,
    file_bytes=0,
    open_files=128,
    cpu_s=60,
    # Nobody waits for it.
    nice=10,
)
SEAL = Limits(
    # The library takes 10 MiB, and a message is four kilobytes.
    memory_bytes=64 * MiB,
    file_bytes=0,
    open_files=64,
    cpu_s=20,
    # Somebody waits for a test, and when a device is turned on.
    nice=2,
)
FINGERPRINT = Limits(
    # ffmpeg with one thread, and fpcalc, which keeps two minutes at 11 kHz; it loads ffmpeg's libraries.
    memory_bytes=256 * MiB,
    file_bytes=0,
    open_files=64,
    cpu_s=60,
    # Nobody waits for it.
    nice=10,
)
WAVEFORM = Limits(
    # ffmpeg with one thread, and less than a megabyte for each hour of sound.
    memory_bytes=256 * MiB,
    file_bytes=0,
    open_files=64,
    # The conversion is what the person will wait for, if for anything.
    nice=12,
)
SPECTRUM = Limits(
    # ffmpeg with one thread, three parts of the file and nine filters; somebody waits for it.
    memory_bytes=256 * MiB,
    file_bytes=0,
    open_files=64,
    cpu_s=60,
    nice=5,
)
LOUDNESS = Limits(
    # For an album ffmpeg has a thread for each file, and more since version 7, whose stacks count although
    # nearly nothing is in them; a hundred files take 90 MiB of real memory.
    memory_bytes=1280 * MiB,
    stack_bytes=1 * MiB,
    file_bytes=0,
    open_files=256,
    # Nobody waits for it.
    nice=15,
)
AUTOTAG = Limits(
    # beets and numpy take 40 MiB.
    memory_bytes=256 * MiB,
    file_bytes=0,
    open_files=256,
    cpu_s=30,
    nice=10,
)
LOOK = Limits(
    # A page of a package index, half a megabyte of JSON.
    memory_bytes=128 * MiB,
    file_bytes=0,
    open_files=64,
    cpu_s=60,
    nice=5,
)
BRING = Limits(
    # A wheel of 3 MB, unpacked file by file, and the compiler of Python.
    memory_bytes=256 * MiB,
    file_bytes=32 * MiB,
    open_files=64,
    # A thousand modules are compiled: 10 s here, some minutes on a small board. Nobody waits for it.
    cpu_s=1200,
    nice=15,
)
TRIAL = Limits(
    # yt-dlp with all its extractors.
    memory_bytes=300 * MiB,
    file_bytes=MiB,
    open_files=256,
    cpu_s=300,
    nice=10,
)

# Reading and deciphering a page, and for each 2 MB of the file a second: that is a slow Raspberry Pi.
FETCH_CPU_S = 300
FETCH_BYTES_PER_CPU_S = 2_000_000


def fetch_limits(settings: "Settings", folder: Path, port: int) -> Limits:
    """For the child that fetches into `folder` and finds the egress guard at `port`."""
    return {
        **FETCH,
        "file_bytes": settings.max_file_bytes + MiB,
        "cpu_s": FETCH_CPU_S + settings.max_file_bytes // FETCH_BYTES_PER_CPU_S,
        "reach": Reach(
            reads=[str(settings.ca_file)] if settings.ca_file else [],
            writes=[str(folder)],
            programs=["deno", *ffmpegs()],
            port=port,
        ),
    }


def picture_limits(settings: "Settings", folder: Path, port: int) -> Limits:
    """For the child that fetches a picture into `folder` and finds its egress guard at `port`."""
    reads = [str(settings.ca_file)] if settings.ca_file else []
    return {**PICTURE, "reach": Reach(reads=reads, writes=[str(folder)], programs=[], port=port)}


def notify_limits(settings: "Settings", port: int) -> Limits:
    """For the child that sends a notification and finds its egress guard at `port`."""
    reads = [str(settings.ca_file)] if settings.ca_file else []
    return {**NOTIFY, "reach": Reach(reads=reads, writes=[], programs=[], port=port)}


def offline(
    kind: Limits,
    *,
    reads: list[str] | None = None,
    writes: list[str] | None = None,
    programs: list[str] | None = None,
) -> Limits:
    """These limits for a child that works on files alone."""
    return {
        **kind,
        "reach": Reach(reads=reads or [], writes=writes or [], programs=programs or [], port=None),
    }


def ffmpegs() -> list[str]:
    """The system's ffmpeg, and the folder of the one that comes with Inlay."""
    bundled = find_spec("imageio_ffmpeg")
    return [
        "ffmpeg",
        *([str(Path(bundled.origin).parent / "binaries")] if bundled and bundled.origin else []),
    ]
