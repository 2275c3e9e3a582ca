"""Which sites' cookies a download is given: its own site's, and those of another where its login lives."""

# Only what yt-dlp asks with the login's cookies, and under another domain than the link's. YouTube is not in
# here: its own cookies are the login, those of google.com are never sent by yt-dlp.
LOGIN_AT = {
    # Tweets of both names are read from api.x.com.
    "twitter.com": "x.com",
    # Videos of both names are read from vk.com.
    "vkvideo.ru": "vk.com",
}


def shown_to(site: str) -> tuple[str, ...]:
    """The sites whose cookies a download of `site` is given."""
    other = LOGIN_AT.get(site)
    return (site, other) if other else (site,)


def served_by(site: str) -> tuple[str, ...]:
    """The other way round: the sites whose downloads are given cookies of `site`."""
    return (site, *(link for link, login in LOGIN_AT.items() if login == site))


def login_of(site: str) -> str:
    """Where a person signs in for links of `site`."""
    return LOGIN_AT.get(site, site)
