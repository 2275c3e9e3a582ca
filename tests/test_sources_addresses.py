from ipaddress import ip_address

import pytest

from app.errors import SettingsError
from app.sources.addresses import Allowed, judge, read_authority, read_host, why_forbidden

NOTHING = Allowed()

FORBIDDEN = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254
168.63.129.16 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.0.192 192.0.2.1 192.31.196.1
192.52.193.1 192.88.99.1 192.168.0.1 192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1
224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8
::ffff:0:8.8.8.8 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 100::1 1fff:ffff::1 2001::1
2001:0:7f00:1::1 2001:1ff:ffff::1 2001:db8::1 2002:7f00:1::1 2002:808:808::1 2620:4f:8000::1 3fff::1
3fff:fff:ffff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1
ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
"""

PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1
168.63.129.17 169.253.255.255 169.255.0.1 172.15.255.255 172.32.0.1 192.0.1.1 192.88.98.1
192.167.255.255 192.169.0.1 198.17.255.255 198.20.0.1 203.0.112.1 223.255.255.255 2000::1 2001:200::1
2001:4860:4860::8888 2003::1 2606:4700:4700::1111 2a00:1450:4001::1 3ffe::1 3fff:1000::1
"""

# Every one of these leads to a forbidden address, or nowhere.
HOSTILE_HOSTS = """
127.0.0.1 127.0.0.1. 127.1 127.0.1 2130706433 017700000001 0x7f000001 0X7F.1 0x7f.0.0.1 0177.0.0.1
0177.0x0.1 00000177.0.0.01 0 0. 0.0.0.0 0x0 192.168.257 10.1 169.254.169.254 2852039166 0xA9FEA9FE
0251.0376.0251.0376 100.100.100.200 168.63.129.16 224.0.0.1 255.255.255.255 4294967295 4294967297
256.256.256.256 1.2.3.4.5 08.0.0.1 127.0.0.1.. .127.0.0.1 127..1 1.2.3.0x 0x foo.0x1 foo.1
127.0.0.1%00.example.com 127%2e0%2e0%2e1 %31%32%37.0.0.1 user@127.0.0.1 example.com@127.0.0.1
example.com:80@127.0.0.1 a@b@127.0.0.1 @127.0.0.1 example.com\\@127.0.0.1 [::] [::1] [0:0:0:0:0:0:0:1]
[::0001] [::127.0.0.1] [::ffff:127.0.0.1] [::FFFF:7F00:1] [0:0:0:0:0:ffff:8.8.8.8] [64:ff9b::7f00:1]
[64:ff9b::8.8.8.8] [64:ff9b:1::1] [2002:7f00:1::] [2001:0:7f00:1::1] [fc00::1] [fd00:ec2::254] [fe80::1]
[fe80::1%25eth0] [2606:4700::1%25lo] [2606:4700::1%1] [fec0::1] [ff02::1] [::1]] [[::1]] [::1 ::1] ::1
[127.0.0.1] [localhost] [] [::1]x x[::1] [v1.1] . .. -a..b
""".split()


@pytest.mark.parametrize("address", FORBIDDEN.split())
def test_special_addresses_are_forbidden(address: str) -> None:
    assert not judge(ip_address(address), NOTHING)
    assert why_forbidden(ip_address(address), NOTHING)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public_addresses_are_fine(address: str) -> None:
    assert judge(ip_address(address), NOTHING)


def test_an_address_with_a_zone_is_forbidden_even_if_public() -> None:
    assert not judge(ip_address("2606:4700::1%eth0"), Allowed("2606:4700::/32"))


@pytest.mark.parametrize("text", HOSTILE_HOSTS)
def test_no_spelling_hides_a_forbidden_address(text: str) -> None:
    try:
        host, _ = read_authority(text, 80)
    except ValueError:
        return
    assert host.address
    assert not judge(host.address, NOTHING)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("127.1", "127.0.0.1"),
        ("010.8.8.8", "8.8.8.8"),
        ("１２７。0.0.1", "127.0.0.1"),
        ("①②⑦.0.0.1", "127.0.0.1"),
        ("[2606:4700:0:0::1]", "[2606:4700::1]"),
        ("LocalHost.", "localhost"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("my_cdn-7.example.com", "my_cdn-7.example.com"),
    ],
)
def test_a_host_has_one_spelling(text: str, meant: str) -> None:
    assert str(read_host(text)) == meant


@pytest.mark.parametrize("text", ["a:0", "a:65536", "a:-1", "a:+80", "a:８０", "a:8:8", "a: 80", "a"])
def test_bad_ports_are_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        read_authority(text, None)


def test_allowed_is_exactly_what_it_names() -> None:
    allowed = Allowed("NAS.lan.", "10.0.0.7", "192.168.1.0/24", "fd00::/8", "[fe80::5]")
    assert allowed.has_name("nas.lan")
    assert not allowed.has_name("other.nas.lan")
    assert not allowed.has_name("lan")
    good = ("10.0.0.7", "192.168.1.200", "fd00::1", "fe80::5", "8.8.8.8")
    bad = ("10.0.0.8", "192.168.2.1", "fe80::6", "127.0.0.1", "::ffff:10.0.0.7", "::10.0.0.7")
    assert all(judge(ip_address(one), allowed) for one in good)
    assert not any(judge(ip_address(one), allowed) for one in bad)


@pytest.mark.parametrize(
    "entry",
    ["nas:8080", "10.0.0.1:80", "[::1]:80", "10.0.0.1/8", "http://nas", "*.lan", "", "a b"],
)
def test_an_entry_that_names_nothing_stops_the_start(entry: str) -> None:
    with pytest.raises(SettingsError, match="INLAY_ALLOW_HOSTS"):
        Allowed(entry)
