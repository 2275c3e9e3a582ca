"""Saving what a person brought: sorted by site, only what they meant, sealed."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from app.cookies import jar, queries, seal, sites
from app.db import now
from app.errors import Conflict, Invalid
from app.languages.say import say
from app.services import Services
from app.sources.addresses import read_host
from app.sources.urls import site_of

MOST_AT_ONCE = 10
"""Sites in a file that names none: more than that is a browser's whole memory, with the bank in it."""
MOST_SITES = 50
MOST_COOKIES = 500
"""Of one site; browsers keep fewer than 200."""


@dataclass(frozen=True)
class Saved:
    """What became of a file, in numbers."""

    sites: dict[str, int]
    expired: int
    odd: int
    others: int
    """Sites in the file that were not meant."""

    @property
    def sentence(self) -> str:
        cookies = " and ".join(say(f"{_several(count)} of {site}") for site, count in self.sites.items())
        left = [say(f"{self.expired} had expired")] if self.expired else []
        left += [say(f"{self.odd} had a domain or signs that no site would get")] if self.odd else []
        if self.others:
            left.append(say("1 other site") if self.others == 1 else say(f"{self.others} other sites"))
        saved = say(f"Saved {cookies}.")
        if not left:
            return saved
        parts = ", ".join(left)
        return f"{saved} {say(f'Left out: {parts}.')}"


def save(services: Services, user_id: int, data: bytes, about: str = "") -> Saved:
    """Keep the cookies of the site that `about` names (a domain or a link), or of all in a small file.

    Those that were kept of the same sites go. Raises Invalid or Conflict.
    """
    if not data.strip():
        raise _wrong(say("Choose a file or paste its text first."), code="no_cookies")
    wanted = _site(about)
    moment = now()
    found = jar.read(data, moment)
    meant = {site: found.sites[site] for site in found.sites if not wanted or site in sites.shown_to(wanted)}
    _check(found, meant, wanted)
    sealed = {
        site: seal.seal(services.secret, jar.write(cookies), user_id, site) for site, cookies in meant.items()
    }
    with services.db.write() as session:
        if queries.count_others(session, user_id, meant) + len(meant) > MOST_SITES:
            raise Conflict(f"There are cookies of {MOST_SITES} sites. Remove some first.", code="too_many")
        for site, cookies in meant.items():
            queries.put(session, user_id, site, sealed[site], len(cookies), jar.ends_at(cookies))
    counts = {site: len(cookies) for site, cookies in meant.items()}
    return Saved(counts, found.expired, found.odd, len(found.sites) - len(meant))


def _check(found: jar.Jar, meant: dict[str, list[jar.SiteCookie]], wanted: str) -> None:
    if not found.sites and found.expired:
        raise _wrong(
            say("All of these have expired. Sign in at the site again and export them anew."), "expired"
        )
    if not found.sites:
        raise _wrong(say(f"There are no cookies in this. {jar.HOW}"))
    if wanted and not meant:
        raise _wrong(say(f"There are no cookies of {wanted} in this. Sign in there before you export them."))
    if len(meant) > MOST_AT_ONCE:
        sentence = say(f"These are cookies of {len(meant)} sites. Write down the one that you mean.")
        raise Invalid(sentence, code="many_sites", fields={"site": sentence})
    for site, cookies in meant.items():
        if len(cookies) > MOST_COOKIES:
            raise _wrong(say(f"{_several(len(cookies))} of {site} are more than any browser keeps."))


def _site(about: str) -> str:
    """The site that a domain or a link means; empty for nothing."""
    text = about.strip()
    if not text:
        return ""
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname
        return site_of(read_host(host or "").name)
    except ValueError as error:
        sentence = say("This is no site. Write its domain, such as youtube.com.")
        raise Invalid(sentence, code="bad_site", fields={"site": sentence}) from error


def _several(count: int) -> str:
    return say("1 cookie") if count == 1 else say(f"{count} cookies")


def _wrong(sentence: str, code: str = "bad_cookies") -> Invalid:
    return Invalid(sentence, code=code, fields={"cookies": sentence})
