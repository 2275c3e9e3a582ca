"""Every setting in one table: name, default, meaning. Read from `INLAY_…` variables, strictly."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from app import setting_values as values
from app.audio.formats import FORMATS
from app.errors import SettingsError
from app.freshness.versions import CHANNELS, STABLE
from app.languages.say import say

PREFIX = "INLAY_"
CONFLICTS = {
    "keep_both": say("Keep both"),
    "skip": say("Keep the old one only"),
    "overwrite": say("Replace the old one"),
    "overwrite_if_better": say("Replace the old one if the new one is better"),
}
"""What may be done with a track that is there already, as people are asked."""


def setting(
    default: Any, parse: Callable[[str], Any], help: str, *, secret: bool = False, may_be_empty: bool = False
) -> Any:
    """`may_be_empty`: a variable that is there and empty says something, and is not as good as unset."""
    about = {"parse": parse, "help": help, "secret": secret, "may_be_empty": may_be_empty}
    return field(default=default, metadata=about)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings, checked. Field `data_dir` is the variable `INLAY_DATA_DIR`, and so on."""

    data_dir: Path = setting(
        Path("data"), values.path, "Folder of the database, staging, trash, backups and secret."
    )
    library_dir: Path = setting(
        Path("library"), values.path, "Folder of your music: finished tracks go there, and it is watched."
    )
    staging_dir: Path | None = setting(
        None, values.path, "Folder for what is fetched but not accepted; unset: `staging` in the data folder."
    )
    host: str = setting("127.0.0.1", str, "Address to listen on; `0.0.0.0` for the whole network.")
    port: int = setting(8640, values.whole(1, 65535), "Port to listen on.")
    base_path: str = setting(
        "", values.base_path, "Path under which a reverse proxy shows Inlay, such as `/inlay`; unset: none."
    )
    trusted_proxies: tuple[str, ...] = setting(
        (),
        values.networks,
        "Addresses or networks (comma list) of your reverse proxies: their `X-Forwarded-For`, `-Proto` and "
        "`-Host` are believed, nobody else's.",
    )
    auth_proxy_header: str = setting(
        "",
        values.identity_header,
        "Header in which a trusted proxy names the signed-in user, such as `Remote-User`; unset: none.",
    )
    oidc_issuer: str = setting(
        "", values.issuer, "OpenID Connect provider, as its issuer URL; needs the extra `oidc`."
    )
    oidc_client_id: str = setting("", str, "Inlay's client id there.")
    oidc_client_secret: str = setting("", str, "Inlay's client secret there, if it has one.", secret=True)
    oidc_name: str = setting("OpenID", values.label, "What the login page calls it: *Sign in with …*.")
    create_users: str = setting(
        "no",
        values.one_of("no", "yes"),
        "Whether somebody whom the proxy or OIDC names, and who is no user yet, becomes one (never an "
        "admin): `no` or `yes`.",
    )
    sign_out_url: str = setting(
        "", values.page_url, "Page where the proxy's or OIDC's own session is ended: signing out leads there."
    )
    workers: int = setting(4, values.whole(1, 32), "Downloads that are fetched at the same time.")
    per_site: int = setting(2, values.whole(1, 32), "Of these, downloads from one site at the same time.")
    format: str = setting(
        "mp3",
        values.one_of(*FORMATS),
        f"Format of new tracks: {', '.join(FORMATS)} (`original`: kept as it came).",
    )
    naming: str = setting(
        "",
        str,
        "Path template of new tracks; unset: `{album_artist}/{album}/{track_no:02} {title}`, "
        "and `{artist}/{title}` without an album.",
    )
    conflict: str = setting(
        "keep_both",
        values.one_of(*CONFLICTS),
        "When a track is there already, unless its user says otherwise: `keep_both` (a name that is taken "
        "gets a number), `skip`, `overwrite` or `overwrite_if_better` (the old file goes to the trash).",
    )
    cover_file: str = setting(
        "cover.jpg",
        values.picture_name,
        "Name of the picture beside an album's tracks, written where there is none; empty: no such file.",
        may_be_empty=True,
    )
    max_duration_s: int = setting(
        6 * 3600, values.whole(1, 7 * 24 * 3600), "Longest track that is fetched, in seconds."
    )
    max_file_bytes: int = setting(
        2 * 1024**3, values.whole(1024, 2**40), "Largest file that is fetched, in bytes."
    )
    max_wall_s: int = setting(
        4 * 3600,
        values.whole(10, 7 * 24 * 3600),
        "Longest time that fetching one track may take, in seconds.",
    )
    stall_s: int = setting(
        120,
        values.whole(5, 24 * 3600),
        "A download that receives next to nothing for this many seconds is stopped.",
    )
    max_staging_bytes: int = setting(
        20 * 1024**3,
        values.whole(1024**2, 2**50),
        "Most bytes in the staging folder; further downloads wait.",
    )
    min_free_bytes: int = setting(
        512 * 1024**2,
        values.whole(0, 2**50),
        "Bytes that stay free on the staging disk (at most a twentieth of it); further downloads wait.",
    )
    retry_delays_s: tuple[int, ...] = setting(
        (5, 30),
        values.delays,
        "Seconds (comma list) after which a temporary failure is tried again; `0`: not by itself.",
    )
    review_days: int = setting(
        7, values.whole(1, 3650), "Days that a fetched track waits for its review before it is discarded."
    )
    undo_s: int = setting(
        600,
        values.whole(0, 24 * 3600),
        "Seconds for which an added or discarded track can be brought back to review; 0: not at all.",
    )
    trash_days: int = setting(
        30,
        values.whole(0, 36500),
        "Days after which deleted and replaced files leave the trash; 0 keeps them.",
    )
    history_days: int = setting(
        365, values.whole(0, 36500), "Days after which finished downloads leave the history; 0 keeps them."
    )
    user_active: int = setting(
        4, values.whole(1, 32), "Downloads of one user that are fetched at the same time."
    )
    user_queued: int = setting(
        500, values.whole(1, 100_000), "Downloads of one user that may wait in the queue."
    )
    user_per_day: int = setting(
        1000, values.whole(1, 1_000_000), "Links that one user may hand in within 24 hours."
    )
    user_bytes_per_day: int = setting(
        100 * 1024**3, values.whole(1024, 2**50), "Bytes that are fetched for one user within 24 hours."
    )
    replaygain: str = setting(
        "off",
        values.one_of("off", "track", "album"),
        "Write how loud added tracks are into them (ReplayGain 2.0): `off`, `track`, or `album` as well.",
    )
    fingerprints: str = setting(
        "added",
        values.one_of("off", "added", "all"),
        "Whose sound is compared to find duplicates under other names, if `fpcalc` is installed: `off`, "
        "`added` (tracks that are added, with those that were), or `all` (those of the library as well, "
        "listened to in the background).",
    )
    allow_hosts: tuple[str, ...] = setting(
        (), values.hosts, "Hosts or networks (comma list) that downloads may reach although they are private."
    )
    proxy: str = setting("", values.proxy, "Proxy for downloads and lookups, as a URL.")
    ca_file: Path | None = setting(
        None,
        values.existing_file,
        "Extra certificate authority (PEM file) that downloads, lookups and OIDC trust.",
    )
    lookups: tuple[str, ...] = setting(
        (),
        values.lookups,
        "Services that are asked about fetched tracks "
        f"(comma list of {', '.join(values.LOOKUPS)}); unset: none.",
    )
    contact: str = setting(
        "",
        values.contact,
        "Your e-mail address or page: these services want to know whose requests they are.",
    )
    musicbrainz_url: str = setting(
        "https://musicbrainz.org/ws/2",
        values.base_url,
        "MusicBrainz, or a mirror of it: candidates for tags.",
    )
    coverart_url: str = setting(
        "https://coverartarchive.org", values.base_url, "Cover Art Archive: covers of these candidates."
    )
    acoustid_url: str = setting(
        "https://api.acoustid.org/v2",
        values.base_url,
        "AcoustID: candidates by the sound; needs `fpcalc`.",
    )
    acoustid_key: str = setting("", str, "Your application key of AcoustID.", secret=True)
    lrclib_url: str = setting("https://lrclib.net/api", values.base_url, "LRCLIB: lyrics.")
    ytdlp_channel: str = setting(
        STABLE,
        values.one_of(*CHANNELS),
        "yt-dlp for new downloads, looked for once a day: `stable`, `nightly`, or `bundled` (the one that "
        "came with Inlay, nothing is looked for).",
    )
    ytdlp_index_url: str = setting(
        "https://pypi.org/simple",
        values.index_url,
        "Package index that yt-dlp comes from: PyPI, or a mirror of it.",
    )
    log_level: str = setting(
        "info",
        values.one_of("debug", "info", "warning", "error"),
        "What is written to the log: `debug` (also each look at a page), `info`, `warning` or `error`.",
    )
    log_format: str = setting(
        "text", values.one_of("text", "json"), "Form of the log: `text`, or `json`, an object on each line."
    )
    metrics_token: str = setting(
        "",
        values.long_secret,
        "What Prometheus has to send as bearer token to get `/metrics`, beside tokens of admins.",
        secret=True,
    )
    admin_user: str = setting("", str, "Name of the first admin, made at the first start.")
    admin_password: str = setting("", str, "Password of the first admin.", secret=True)

    @property
    def database_file(self) -> Path:
        return self.data_dir / "inlay.db"

    @property
    def staging(self) -> Path:
        return self.staging_dir or self.data_dir / "staging"

    @property
    def trash(self) -> Path:
        return self.data_dir / "trash"


# Names that the contract keeps for what is not built yet. Said at start rather than ignored.
RESERVED = ("DATABASE_URL",)


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process. Raises SettingsError with a sentence for a typo or a bad value."""
    known = {PREFIX + one.name.upper(): one for one in fields(Settings)}
    found: dict[str, Any] = {}
    for name, text in environ.items():
        one = known.get(name)
        says_nothing = text == "" and not (one and one.metadata["may_be_empty"])
        if not name.startswith(PREFIX) or says_nothing:
            continue
        if one is None and name.endswith("_FILE"):
            one = known.get(name.removesuffix("_FILE"))
            if one is not None and one.metadata["secret"]:
                name, text = name.removesuffix("_FILE"), _secret(name, text)
            else:
                one = None
        if one is None:
            raise SettingsError(_unknown(name, list(known)))
        try:
            found[one.name] = one.metadata["parse"](text)
        except ValueError as error:
            shown = "" if one.metadata["secret"] else f" {text!r}"
            raise SettingsError(f"{name}{shown}: {error}.") from error
    for one in fields(Settings):
        if one.name not in found and isinstance(one.default, Path):
            found[one.name] = one.default.absolute()
    if bool(found.get("admin_user")) != bool(found.get("admin_password")):
        raise SettingsError("INLAY_ADMIN_USER and INLAY_ADMIN_PASSWORD go together: set both or neither.")
    _check_lookups(found)
    _check_sign_in(found)
    return Settings(**found)


def _check_lookups(found: Mapping[str, Any]) -> None:
    asked = found.get("lookups", ())
    if asked and not found.get("contact"):
        raise SettingsError(
            "INLAY_LOOKUPS needs INLAY_CONTACT: MusicBrainz turns programs away that do not say whose they "
            "are. Give your e-mail address or the URL of a page about you."
        )
    if "acoustid" in asked and not found.get("acoustid_key"):
        raise SettingsError(
            "INLAY_LOOKUPS: acoustid needs INLAY_ACOUSTID_KEY, a free application key from acoustid.org."
        )


def _check_sign_in(found: Mapping[str, Any]) -> None:
    if found.get("auth_proxy_header") and not found.get("trusted_proxies"):
        raise SettingsError(
            "INLAY_AUTH_PROXY_HEADER needs INLAY_TRUSTED_PROXIES: without it anybody could send that header. "
            "Give the address of your reverse proxy."
        )
    if bool(found.get("oidc_issuer")) != bool(found.get("oidc_client_id")):
        raise SettingsError("INLAY_OIDC_ISSUER and INLAY_OIDC_CLIENT_ID go together: set both or neither.")


def _secret(name: str, file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{name}: {file!r} cannot be read ({error.strerror}).") from error


def _unknown(name: str, known: list[str]) -> str:
    if name.removeprefix(PREFIX) in RESERVED:
        return f"{name} is kept for a later version and does nothing yet: unset it."
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else " The README lists every setting."
    return f"{name} is not a setting of Inlay.{hint}"
