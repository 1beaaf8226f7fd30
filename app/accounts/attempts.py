"""How often a password may be tried, counted in the database for all processes and over restarts.

By network, by account from one network, by account from anywhere; a browser that is known to the account
has a count of its own, so that whoever tries from elsewhere cannot lock its owner out.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.errors import TooMany
from app.models import SignInAttempts

PREFIX_BITS = 64  # what one IPv6 customer has at the least
MOST_PRUNED = 200


@dataclass(frozen=True)
class Limit:
    most: int
    within: timedelta


# The limit on one account from anywhere is wide, since strangers use it up, and still leaves no hope of
# guessing a password.
BY_NETWORK = Limit(60, timedelta(minutes=15))
BY_ACCOUNT_AND_NETWORK = Limit(8, timedelta(minutes=15))
BY_ACCOUNT = Limit(100, timedelta(hours=1))
BY_BROWSER = Limit(8, timedelta(minutes=15))


@dataclass(frozen=True)
class Counter:
    """One count of attempts; those with an account's key are lifted together."""

    limit: Limit
    name: str
    account: str = ""


def at_the_door(account: str, address: str, browser: str | None) -> list[Counter]:
    """What an attempt to sign in counts for, always in this order, in which the rows are locked.

    `account` stands for the e-mail address that was typed, `browser` for one that is known to the account.
    """
    if browser:
        return [Counter(BY_BROWSER, f"browser {browser}", account)]
    network = network_of(address)
    return [
        Counter(BY_NETWORK, f"network {network}"),
        Counter(BY_ACCOUNT_AND_NETWORK, f"account {account} from {network}", account),
        Counter(BY_ACCOUNT, f"account {account}", account),
    ]


def signed_in(account: str) -> list[Counter]:
    """What somebody who is signed in counts for when they prove again who they are."""
    return [Counter(BY_BROWSER, f"again {account}", account)]


def network_of(address: str) -> str:
    """What counts together: an IPv4 address alone, of IPv6 the /64."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, PREFIX_BITS), strict=False))
    return str(found)


def count(session: Session, counters: Sequence[Counter], now: datetime) -> None:
    """Count one attempt. Raises: TooMany, in the same words whether there is such an account or not.

    What is refused is rolled back by its transaction, and so does not count.
    """
    for counter in counters:
        ends_at = counted(session, counter, now)
        if ends_at is not None:
            wait_s = max(1, int((ends_at - now).total_seconds()))
            raise TooMany(
                f"Too many attempts. Please wait {wait_s // 60 + 1} minutes, or ask an admin for a link "
                "that sets a new password: it lets you in at once.",
                wait_s,
            )
    prune(session, now)


def counted(session: Session, counter: Counter, now: datetime) -> datetime | None:
    """Add one to a count; when it begins anew, if it is above its limit."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    first = insert(SignInAttempts).values(
        name=counter.name, account=counter.account, count=1, ends_at=now + counter.limit.within
    )
    is_over = SignInAttempts.ends_at <= now
    session.execute(
        first.on_conflict_do_update(
            index_elements=["name"],
            set_={
                "count": case((is_over, 1), else_=SignInAttempts.count + 1),
                "ends_at": case((is_over, first.excluded.ends_at), else_=SignInAttempts.ends_at),
            },
        )
    )
    most, ends_at = session.execute(
        select(SignInAttempts.count, SignInAttempts.ends_at).where(SignInAttempts.name == counter.name)
    ).one()
    return ends_at if most > counter.limit.most else None


def prune(session: Session, now: datetime) -> None:
    """Forget some of what is over; what another transaction holds at this moment waits for the next time."""
    over = (
        select(SignInAttempts.id)
        .where(SignInAttempts.ends_at <= now)
        .limit(MOST_PRUNED)
        .with_for_update(skip_locked=True)
    )
    session.execute(delete(SignInAttempts).where(SignInAttempts.id.in_(session.scalars(over).all())))


def forgive(session: Session, counters: Sequence[Counter]) -> None:
    """Forget the failures of whoever has just shown that they are the owner; what strangers did stays."""
    names = [one.name for one in counters if one.limit in (BY_ACCOUNT_AND_NETWORK, BY_BROWSER)]
    session.execute(delete(SignInAttempts).where(SignInAttempts.name.in_(names)))


def lift(session: Session, account: str) -> None:
    """Forget every attempt at an account, whoever made it: its password was just set through a link."""
    session.execute(delete(SignInAttempts).where(SignInAttempts.account == account))
