"""What stands before Inlay and vouches for people: reverse proxies, and an OpenID provider."""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from urllib.parse import urlsplit

from app.checks.findings import Finding, ok, wrong
from app.settings import Settings

CLOCKS_APART_S = 30
"""Half of what sign-in forgives, so that it is said before it fails."""
WIDEST = {4: 16, 6: 48}
"""The networks of container engines and of houses are not larger."""
CODES = {
    "unreachable": "oidc-unreachable",
    "certificate": "oidc-certificate",
    "ca_file": "ca-file-unusable",
    "document": "oidc-document",
}


def check_proxies(settings: Settings) -> Iterator[Finding]:
    if settings.base_path and _is_taken(settings.base_path):
        yield wrong("base-path-taken", "sub-path", settings.base_path)
    elif settings.base_path and not settings.trusted_proxies:
        yield wrong("base-path-without-proxy", "sub-path", f"{settings.base_path}, and no proxy is trusted")
    elif settings.base_path:
        yield ok("sub-path", settings.base_path)
    if not settings.trusted_proxies:
        return
    wide = [str(one) for one in _merged(settings.trusted_proxies) if one.prefixlen < WIDEST[one.version]]
    header, shown = settings.auth_proxy_header, ", ".join(wide or settings.trusted_proxies)
    if wide and header:
        yield wrong("proxy-header-from-many", "reverse proxies", f"{header} from {shown}")
    elif wide:
        yield wrong("trusted-proxies-wide", "reverse proxies", shown)
    else:
        yield ok("reverse proxies", f"{shown}, which name users in {header}" if header else shown)


def _is_taken(base: str) -> bool:
    # The routes themselves, so that no list of them grows old; it takes as long as a start of the pages.
    from app.web import is_own_path, own_paths

    return is_own_path(base, own_paths())


def _merged(trusted: tuple[str, ...]) -> list[IPv4Network | IPv6Network]:
    """Halves of everything are everything."""
    networks = [ip_network(one) for one in trusted]
    old = [one for one in networks if isinstance(one, IPv4Network)]
    new = [one for one in networks if isinstance(one, IPv6Network)]
    return [*collapse_addresses(old), *collapse_addresses(new)]


def check_oidc(settings: Settings) -> Iterator[Finding]:
    """The provider is asked what it says about itself, as when somebody signs in."""
    if not settings.oidc_issuer:
        return
    from app.accounts.oidc import Provider, check_installed
    from app.errors import SettingsError

    try:
        check_installed(settings)
    except SettingsError:
        yield wrong("oidc-missing", "OpenID", "Authlib or joserfc is not there")
        return
    issuer = settings.oidc_issuer
    seen = Provider(settings).look()
    if seen.trouble:
        yield wrong(CODES[seen.trouble], "OpenID", f"{issuer} ({seen.text})")
    else:
        yield ok("OpenID", f"{issuer} answers")
    if seen.ahead_s is not None and abs(seen.ahead_s) > CLOCKS_APART_S:
        side = "ahead of" if seen.ahead_s > 0 else "behind"
        yield wrong("oidc-clock", "OpenID: clock", f"its clock is {abs(seen.ahead_s):.0f} s {side} this one")
    if urlsplit(issuer).scheme == "https" and not settings.trusted_proxies:
        back = f"http://…{settings.base_path}/login/oidc/back"
        yield wrong("oidc-back-not-https", "OpenID: redirect address", back)
