"""How attempts are counted: by network, exactly even when many come at once, and forgotten when over."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.accounts import attempts
from app.accounts.attempts import BY_ACCOUNT, BY_NETWORK, Counter, Limit
from app.errors import TooMany
from app.models import SignInAttempts
from app.web.db import Database

NOW = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    "address,network",
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_addresses_of_one_network_count_together(address: str, network: str) -> None:
    assert attempts.network_of(address) == network


def test_a_whole_ipv6_network_has_one_limit(database: Database) -> None:
    def hit(number: int) -> None:
        with database.transaction(writing=True) as session:
            counters = attempts.at_the_door(f"account {number}", f"2001:db8::{number:x}", None)
            attempts.count(session, counters, NOW)

    for number in range(BY_NETWORK.most):
        hit(number)
    with pytest.raises(TooMany) as refused:
        hit(BY_NETWORK.most)
    assert 0 < refused.value.retry_after_s <= 900


def from_somewhere(number: int, browser: str | None = None) -> list[Counter]:
    """What an attempt at one account counts for that comes from a network of its own."""
    return attempts.at_the_door("ada", f"10.0.{number // 256}.{number % 256}", browser)


def test_one_account_has_a_limit_wherever_its_attempts_come_from(database: Database) -> None:
    with database.transaction(writing=True) as session:
        for number in range(BY_ACCOUNT.most):
            attempts.count(session, from_somewhere(number), NOW)
    for number in (BY_ACCOUNT.most, BY_ACCOUNT.most + 1):
        with pytest.raises(TooMany) as refused, database.transaction(writing=True) as session:
            attempts.count(session, from_somewhere(number), NOW + timedelta(minutes=30))
        assert 0 < refused.value.retry_after_s <= 1800
    with database.transaction(writing=True) as session:
        attempts.count(session, from_somewhere(0, "known to ada"), NOW)
        attempts.count(session, attempts.at_the_door("bo", "10.0.0.0", None), NOW)
        attempts.count(session, from_somewhere(0), NOW + timedelta(hours=1))


def test_who_signs_in_takes_back_their_own_failures_and_not_what_strangers_did(database: Database) -> None:
    def kept() -> dict[str, int]:
        with database.transaction() as session:
            return {one.name: one.count for one in session.scalars(select(SignInAttempts))}

    with database.transaction(writing=True) as session:
        for number in (1, 2, 2):
            attempts.count(session, from_somewhere(number), NOW)
        attempts.forgive(session, from_somewhere(2))
    assert kept() == {
        "network 10.0.0.1": 1,
        "network 10.0.0.2": 2,
        "account ada from 10.0.0.1": 1,
        "account ada": 3,
    }
    with database.transaction(writing=True) as session:
        attempts.lift(session, "ada")
    assert set(kept()) == {"network 10.0.0.1", "network 10.0.0.2"}


def test_no_attempt_is_missed_when_many_come_at_once(database: Database) -> None:
    counter = Counter(Limit(5, timedelta(hours=1)), "together")

    def hit(_: int) -> bool:
        try:
            with database.transaction(writing=True) as session:
                attempts.count(session, [counter], NOW)
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(hit, range(24))) == 5


def test_what_is_over_begins_anew_and_is_forgotten(database: Database) -> None:
    one, other = (Counter(Limit(1, timedelta(minutes=1)), name) for name in ("one", "other"))
    for counter, minutes in ((one, 0), (one, 1), (other, 5)):
        with database.transaction(writing=True) as session:
            attempts.count(session, [counter], NOW + timedelta(minutes=minutes))
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(SignInAttempts)) == 1
