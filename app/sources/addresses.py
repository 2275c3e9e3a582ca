"""Which network addresses a download may reach, and which host any spelling in a URL really means."""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from app.errors import SettingsError
from app.languages.say import say

Address = IPv4Address | IPv6Address

# The IANA special-purpose registries, and addresses that only mean something inside a cloud.
# The first row that matches gives the reason.
_FORBIDDEN: tuple[tuple[str, str], ...] = (
    (say("this host"), "0.0.0.0/8"),
    (say("private"), "10.0.0.0/8"),
    (say("private, shared by a carrier"), "100.64.0.0/10"),
    (say("loopback"), "127.0.0.0/8"),
    (say("cloud metadata"), "168.63.129.16/32"),
    (say("link-local"), "169.254.0.0/16"),
    (say("private"), "172.16.0.0/12"),
    (say("for protocols only"), "192.0.0.0/24"),
    (say("documentation"), "192.0.2.0/24"),
    (say("for protocols only"), "192.31.196.0/24"),
    (say("for protocols only"), "192.52.193.0/24"),
    (say("6to4 relay"), "192.88.99.0/24"),
    (say("private"), "192.168.0.0/16"),
    (say("for protocols only"), "192.175.48.0/24"),
    (say("benchmarks"), "198.18.0.0/15"),
    (say("documentation"), "198.51.100.0/24"),
    (say("documentation"), "203.0.113.0/24"),
    (say("multicast"), "224.0.0.0/4"),
    (say("reserved"), "240.0.0.0/4"),
    (say("this host"), "::/128"),
    (say("loopback"), "::1/128"),
    (say("IPv4 inside IPv6"), "::/96"),
    (say("IPv4 inside IPv6"), "::ffff:0:0/96"),
    (say("IPv4 inside IPv6"), "64:ff9b::/96"),
    (say("IPv4 inside IPv6"), "64:ff9b:1::/48"),
    (say("IPv4 inside IPv6"), "2001::/32"),
    (say("for protocols only"), "2001::/23"),
    (say("documentation"), "2001:db8::/32"),
    (say("IPv4 inside IPv6"), "2002::/16"),
    (say("for protocols only"), "2620:4f:8000::/48"),
    (say("documentation"), "3fff::/20"),
    (say("private"), "fc00::/7"),
    (say("link-local"), "fe80::/10"),
    (say("multicast"), "ff00::/8"),
)
_IPV4 = tuple((name, IPv4Network(net)) for name, net in _FORBIDDEN if ":" not in net)
_IPV6 = tuple((name, IPv6Network(net)) for name, net in _FORBIDDEN if ":" in net)
# Nothing else in IPv6 is given out to anyone: what is not in here is refused without a row of its own.
_PUBLIC_IPV6 = IPv6Network("2000::/3")

_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{0,5}))?")


@dataclass(frozen=True)
class Host:
    """A host in its one canonical spelling; `address` is set when it was an address to begin with."""

    name: str
    address: Address | None = None

    def __str__(self) -> str:
        return f"[{self.name}]" if isinstance(self.address, IPv6Address) else self.name


def read_host(text: str) -> Host:
    """The host that a resolver, however lenient, would take this spelling for. Raises ValueError."""
    if ":" in text or text.startswith("["):
        return _ipv6(text.removeprefix("[").removesuffix("]") if text.endswith("]") else text)
    plain = text if text.isascii() else text.encode("idna").decode("ascii")
    name = plain.removesuffix(".").lower()
    if not _NAME.fullmatch(name):
        raise ValueError("not a host name")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        return _ipv4(name)
    return Host(name)


def _ipv4(name: str) -> Host:
    """Decimal, octal, hex and short spellings, read as the C library reads them."""
    try:
        address = IPv4Address(socket.inet_aton(name))
    except OSError as error:
        raise ValueError("not an address") from error
    return Host(str(address), address)


def _ipv6(text: str) -> Host:
    if "%" in text:
        raise ValueError("an address with a zone")
    address = IPv6Address(text)
    return Host(str(address), address)


def read_authority(text: str, default_port: int | None) -> tuple[Host, int]:
    """Host and port of a URL's `user@host:port`; the user does not matter. Raises ValueError."""
    match = _AUTHORITY.fullmatch(text.rpartition("@")[2])
    if not match:
        raise ValueError("not a host name")
    port = int(match[2]) if match[2] else default_port
    if port is None or not 1 <= port <= 65535:
        raise ValueError("not a port")
    return read_host(match[1]), port


class Allowed:
    """What `INLAY_ALLOW_HOSTS` names and nothing beside: names, wherever they lead; addresses; networks."""

    def __init__(self, *entries: str) -> None:
        """Raises SettingsError for an entry that is none of the three, or that carries a port."""
        self._names: set[str] = set()
        self._networks: list[IPv4Network | IPv6Network] = []
        for entry in entries:
            self._add(entry.strip())

    def _add(self, entry: str) -> None:
        try:
            if "/" in entry:
                self._networks.append(ip_network(entry))
                return
            host = read_host(entry)
        except ValueError as error:
            raise SettingsError(
                f"INLAY_ALLOW_HOSTS: {entry!r} is not a host name, an address or a network such as "
                "192.168.1.0/24. Leave out ports."
            ) from error
        if host.address:
            self._networks.append(ip_network(host.address))
        else:
            self._names.add(host.name)

    def has_name(self, name: str) -> bool:
        return name in self._names

    def has_address(self, address: Address) -> bool:
        return any(address.version == net.version and address in net for net in self._networks)


def why_forbidden(address: Address, allowed: Allowed) -> str:
    """What kind of address this is, if downloads may not reach it; empty when they may."""
    if isinstance(address, IPv6Address) and address.scope_id:
        return say("an address with a zone")
    if allowed.has_address(address):
        return ""
    if isinstance(address, IPv4Address):
        return next((name for name, net in _IPV4 if address in net), "")
    kind = next((name for name, net in _IPV6 if address in net), "")
    return kind or ("" if address in _PUBLIC_IPV6 else say("reserved"))


def judge(address: Address, allowed: Allowed) -> bool:
    """Whether downloads may reach this address."""
    return not why_forbidden(address, allowed)
