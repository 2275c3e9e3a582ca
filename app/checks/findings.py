"""A finding of the doctor, and the table of everything that can be wrong: code, weight, meaning, what to do.

`docs/troubleshooting.md` lists the same codes with the same words; a test compares them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from app.settings import Settings

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Finding:
    """One look at something. `hint` says what to do, and `code` is its name, unless it is fine."""

    check: str
    level: Level
    text: str
    hint: str = ""
    code: str = ""


Check = Callable[[Settings], Iterator[Finding]]


@dataclass(frozen=True)
class Trouble:
    level: Level
    means: str
    hint: str


def ok(check: str, text: str) -> Finding:
    return Finding(check, "ok", text)


def wrong(code: str, check: str, text: str) -> Finding:
    """The trouble of this code was found; `text` says where or how much."""
    trouble = TROUBLES[code]
    return Finding(check, trouble.level, text, trouble.hint, code)


def _problem(means: str, hint: str) -> Trouble:
    return Trouble("problem", means, hint)


def _warning(means: str, hint: str) -> Trouble:
    return Trouble("warning", means, hint)


_RIGHTS = "Give the user that runs Inlay the right to write there, or choose another folder."

TROUBLES = {
    # the server
    "server-not-answering": _problem(
        "The pages do not answer on the port of the settings.",
        "Look at the last lines of the log, and start Inlay again.",
    ),
    "worker-not-running": _problem(
        "No worker has this data folder, so nothing is fetched.", "Start `inlay worker`, or `inlay serve`."
    ),
    "server-other-version": _warning(
        "The server that runs is of another version than this command.", "Start the server again."
    ),
    "port-unusable": _problem(
        "Something else has the port, or this user may not use it.",
        "Stop the other program, or choose another INLAY_PORT (1024 or higher).",
    ),
    "setup-open": _warning(
        "There is no user yet, and the network reaches the page that makes the first admin.",
        "Open the page now and make the admin, or set INLAY_ADMIN_USER and INLAY_ADMIN_PASSWORD.",
    ),
    "settings-refused": _problem(
        "A setting is not one, or its value cannot be, so Inlay does not start.",
        "Do what the sentence above says; the README lists every setting.",
    ),
    # what stands before it
    "base-path-taken": _problem(
        "INLAY_BASE_PATH is an address of Inlay's own, so Inlay does not start.",
        "Choose another one, such as /inlay, and the same in the reverse proxy.",
    ),
    "base-path-without-proxy": _warning(
        "There is a sub-path, so a reverse proxy shows Inlay, but none is trusted: everybody seems to come "
        "from its address, and pages are taken for plain http.",
        "Name its address in INLAY_TRUSTED_PROXIES.",
    ),
    "trusted-proxies-wide": _warning(
        "A large network may say who its clients are, not your reverse proxy alone.",
        "Name in INLAY_TRUSTED_PROXIES only the addresses that the proxy has.",
    ),
    "proxy-header-from-many": _problem(
        "Everybody in a large network may sign in as anybody, by sending one header.",
        "Name in INLAY_TRUSTED_PROXIES only the addresses that the proxy has.",
    ),
    "oidc-missing": _problem(
        "INLAY_OIDC_ISSUER is set, but what speaks OpenID Connect is not installed, so Inlay does not start.",
        "`pip install -c requirements.lock '.[oidc]'`, or unset INLAY_OIDC_ISSUER.",
    ),
    "oidc-unreachable": _problem(
        "The OpenID provider cannot be reached from here, so nobody signs in with it.",
        "Check INLAY_OIDC_ISSUER, and that this machine (in a container: the container) reaches it. "
        "Passwords work as ever.",
    ),
    "oidc-certificate": _problem(
        "The OpenID provider's certificate is not trusted here, so nobody signs in with it.",
        "Give the PEM file of the authority that signed it as INLAY_CA_FILE, or renew the certificate.",
    ),
    "oidc-document": _problem(
        "What the OpenID provider says about itself does not fit, so nobody signs in with it.",
        "Set INLAY_OIDC_ISSUER letter by letter to the issuer that the provider's "
        "/.well-known/openid-configuration names; all its addresses have to be https.",
    ),
    "oidc-clock": _warning(
        "The OpenID provider's clock is not the same as this one; at more than a minute its answers are "
        "refused as too old or not yet valid.",
        "Let both be set (systemd-timesyncd, chrony).",
    ),
    "oidc-back-not-https": _warning(
        "The OpenID provider is given a redirect address that begins with http, which most refuse.",
        "Put a reverse proxy with https before Inlay, let it send X-Forwarded-Proto, and name its address in "
        "INLAY_TRUSTED_PROXIES.",
    ),
    # places
    "data-not-writable": _problem("The data folder cannot be written.", _RIGHTS),
    "staging-not-writable": _problem("The staging folder cannot be written.", _RIGHTS),
    "library-not-writable": _problem("The library folder cannot be written.", _RIGHTS),
    "data-low-space": _warning(
        "The disk of the data folder is nearly full.",
        "Make room on it. On a full disk nothing can be noted down, and downloads stop.",
    ),
    "staging-low-space": _warning(
        "The staging disk is nearly full, so new downloads wait.",
        "Make room on it, add or discard what waits for its review, or set INLAY_STAGING_DIR.",
    ),
    "library-low-space": _warning(
        "The library's disk is nearly full.", "Make room on it, or choose a smaller format."
    ),
    "library-not-mounted": _problem(
        "The library folder is not the one that Inlay knows: its marker is missing, or another one.",
        "Mount its disk. If it was emptied or replaced on purpose, delete the file library-marker in the "
        "data folder and start Inlay again.",
    ),
    "library-not-answering": _problem(
        "The library's disk does not answer.", "Check its cable, its server or its network."
    ),
    "library-no-safe-move": _warning(
        "The library's disk can neither rename without replacing nor make hard links (exFAT, some network "
        "disks).",
        "Nothing to do while only Inlay writes there. Else prefer ext4, btrfs, xfs or NTFS.",
    ),
    "library-changes-unseen": _warning(
        "What others change on the library's disk is not seen at once (a network or FUSE disk).",
        "Nothing to do: Inlay looks once a minute. `inlay scan` looks now.",
    ),
    "inotify-low": _warning(
        "The library has nearly as many folders as the kernel watches for one user.",
        "Raise fs.inotify.max_user_watches with sysctl. Until then Inlay looks once a minute.",
    ),
    "data-inside-library": _problem(
        "The data folder is inside the library, so that unfinished files would be taken for music.",
        "Set INLAY_DATA_DIR to a folder outside of INLAY_LIBRARY_DIR.",
    ),
    "data-owned-by-others": _problem(
        "Files in the data folder belong to somebody else, who ran Inlay once.",
        "Give them to the user that runs Inlay: `chown -R` on the data folder, while Inlay is stopped.",
    ),
    "data-open-to-others": _warning(
        "Other users of this machine can look into the data folder, and read the database.",
        "`chmod 700` on the data folder.",
    ),
    "secret-open-to-others": _problem(
        "Other users of this machine can read the installation's secret.",
        "Delete the file secret in the data folder, `chmod 700` the folder, and start anew. "
        "Saved cookies have to be given again.",
    ),
    "data-on-network-disk": _warning(
        "The database is on a network or FUSE disk, on which SQLite's journal is not safe.",
        "Set INLAY_DATA_DIR to a folder on a local disk. The library may be anywhere.",
    ),
    # the database
    "sqlite-wal-bug": _warning(
        "This SQLite can, rarely, damage a database that several connections write to (fixed in 3.51.3).",
        "Use a Python with a newer SQLite when you can (the container image has one), and keep backups.",
    ),
    "database-not-usable": _problem(
        "The database is damaged, gone, or cannot be read.",
        "Do what the sentence above says; `inlay restore FILE` brings a backup back.",
    ),
    "database-newer": _problem("The database was made by a newer Inlay.", "Update Inlay."),
    "backup-missing": _warning(
        "There is no good backup of the database.",
        "A server that runs makes one a day; `inlay backup FILE` makes one now.",
    ),
    "backup-old": _warning(
        "The database has changed for days, and no backup was made.",
        "Look for `No backup today` in the log; `inlay backup FILE` makes one now.",
    ),
    # programs
    "ffmpeg-missing": _problem(
        "No ffmpeg was found that can make every format.",
        "Install ffmpeg with libmp3lame, libopus and libvorbis (Debian: ffmpeg).",
    ),
    "yt-dlp-other-version": _problem(
        "yt-dlp is not the version that this Inlay was tested with.", "Install Inlay again."
    ),
    "yt-dlp-old": _warning(
        "yt-dlp is old, and sites change in weeks.",
        "Run `inlay update-ytdlp`, which says what is in the way. Where INLAY_YTDLP_CHANNEL is `bundled`, "
        "update Inlay.",
    ),
    "yt-dlp-set-aside": _warning(
        "A newer yt-dlp was tried and is not used; the one before it is.", "`inlay update-ytdlp` tries again."
    ),
    "yt-dlp-changed": _warning(
        "Files of an installed yt-dlp are not as they came.",
        "Check the disk, and remove the folder of that version: it is fetched again.",
    ),
    "yt-dlp-lacks": _warning(
        "The installed yt-dlp wants newer packages than Inlay has, and some sites need what it does without.",
        "Update Inlay.",
    ),
    "javascript-missing": _warning(
        "There is no JavaScript engine, which YouTube needs.",
        "Install the deno wheel, or use a machine that it exists for.",
    ),
    "fpcalc-missing": _problem(
        "AcoustID is to be asked, but what listens to tracks is not installed.",
        "Install it (Debian: libchromaprint-tools), or take acoustid out of INLAY_LOOKUPS.",
    ),
    "fingerprints-missing": _warning(
        "The library's sound is to be compared, but what listens to tracks is not installed.",
        "Install it (Debian: libchromaprint-tools), or unset INLAY_FINGERPRINTS.",
    ),
    # the machine
    "clock-wrong": _problem(
        "The clock is before the release of this program or of its parts: no certificate is valid then.",
        "Set the clock, or let it be set (systemd-timesyncd, chrony).",
    ),
    "clock-went-back": _warning(
        "The database was last written in the future.",
        "Set the clock. If it is right now, nothing is to be done: the moment will come.",
    ),
    "landlock-missing": _warning(
        "This kernel has no Landlock: downloads have one wall less around them.",
        "Where you can, start the kernel with lsm=landlock,… to have it.",
    ),
    "landlock-files-only": _warning(
        "Landlock keeps downloads to their folders, but does not watch their connections.",
        "Linux 6.7 or newer would.",
    ),
    "guard-cannot-listen": _problem(
        "The egress guard cannot listen on loopback, so nothing can be fetched.",
        "Bring the loopback interface up (`ip link set lo up`), or loosen the sandbox that Inlay runs in.",
    ),
    "runs-as-root": _warning(
        "Inlay runs as root, and so does what it starts.", "Run it as a user of its own."
    ),
    "memory-low": _warning(
        "There is little memory for this many downloads at once.", "Set INLAY_WORKERS to 1 or 2."
    ),
    "open-files-low": _warning(
        "A process may have few files open.", "Raise its limit (`ulimit -n 1024`, LimitNOFILE=1024)."
    ),
    "cpu-32-bit": _warning(
        "This Python is a 32-bit one: no JavaScript engine exists for it, and large files are difficult.",
        "Use a 64-bit system where the machine can (a Raspberry Pi 3 or newer can).",
    ),
    # the network
    "proxy-unreachable": _problem(
        "The proxy of INLAY_PROXY cannot be reached, so nothing can be fetched.",
        "Check its address and that it runs, or unset INLAY_PROXY.",
    ),
    "ca-file-unusable": _problem(
        "INLAY_CA_FILE is not a certificate in PEM form.", "Give the PEM file, or unset INLAY_CA_FILE."
    ),
}
