"""Wrong passwords: how many are looked at, by whom, and for how long the door stays shut."""

from pathlib import Path

import pytest

from app.accounts.throttle import Counter, Throttle, network
from app.errors import TooMany
from tests.accounts_app import world


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def checked(throttle: Throttle, account: str, addresses: list[str]) -> int:
    """How many of these attempts were looked at."""
    count = 0
    for address in addresses:
        try:
            throttle.admit(account, address)
        except TooMany:
            continue
        count += 1
    return count


def test_a_thousand_guesses_from_fifty_addresses_check_at_most_ten() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    total = 0
    for _ in range(20):
        total += checked(throttle, "alice", [f"10.0.0.{number}" for number in range(50)])
        clock.now += 44
    assert 0 < total <= 10
    assert checked(throttle, "bob", ["10.0.0.99"]) == 1


def test_pauses_double_and_end() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    assert checked(throttle, "alice", ["10.0.0.1"] * 20) == 5
    for pause in (5, 10):
        with pytest.raises(TooMany) as caught:
            throttle.admit("alice", "10.0.0.1")
        assert caught.value.retry_after_s == pause + 1
        clock.now += pause
        throttle.admit("alice", "10.0.0.1")
    with pytest.raises(TooMany) as caught:
        throttle.admit("alice", "10.0.0.1")
    assert 800 < caught.value.retry_after_s <= 901
    assert caught.value.message == "Too many wrong passwords. Try again in 15 minutes."
    clock.now += caught.value.retry_after_s
    throttle.admit("alice", "10.0.0.1")


def test_one_guesser_leaves_the_owner_some_tries() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(14 * 60):
        checked(throttle, "alice", ["10.6.6.6"])
        clock.now += 1
    assert checked(throttle, "alice", ["10.0.0.1"]) == 1


def test_right_passwords_are_not_counted() -> None:
    throttle = Throttle(Clock())
    for _ in range(100):
        throttle.admit("alice", "10.0.0.1")
        throttle.forgive("alice", "10.0.0.1")


def test_a_right_password_does_not_forgive_guesses_from_elsewhere() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    assert checked(throttle, "alice", ["10.6.6.1", "10.6.6.2", "10.6.6.3", "10.6.6.4"]) == 4
    throttle.admit("alice", "10.0.0.1")
    throttle.forgive("alice", "10.0.0.1")
    assert checked(throttle, "alice", [f"10.6.7.{number}" for number in range(50)]) == 1


def test_one_address_cannot_go_through_many_accounts() -> None:
    throttle = Throttle(Clock())
    assert sum(checked(throttle, f"user{number}", ["10.0.0.1"]) for number in range(200)) == 20
    assert checked(throttle, "user1", ["10.0.0.2"]) == 1


def test_memory_stays_bounded() -> None:
    counter = Counter(free=5, limit=10, room=100)
    for number in range(1000):
        counter.add(str(number), float(number))
    assert len(counter.times) == 100
    assert "999" in counter.times


def test_addresses_of_one_ipv6_network_count_together() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff") != network("2001:db8:0:1::1")
    assert network("::ffff:10.0.0.1") == network("10.0.0.1")
    assert network("fe80::1%eth0") == network("fe80::2")
    assert network("testclient") == "testclient"


def test_the_login_page_says_when_to_come_back(tmp_path: Path) -> None:
    with world(tmp_path / "data") as place:
        place.user()
        person = place.browser(**{"x-forwarded-for": "10.1.2.3"})
        answers = [
            person.send("/login", {"name": "Alice", "password": f"wrong {number}"}) for number in range(6)
        ]
        assert [answer.status_code for answer in answers] == [422] * 5 + [429]
        seconds = answers[-1].headers["retry-after"]
        assert 1 <= int(seconds) <= 6
        assert f"Try again in {seconds} seconds." in answers[-1].text
        assert person.sign_in().status_code == 429
        place.user("bob")
        assert place.browser().sign_in("bob").status_code == 303
