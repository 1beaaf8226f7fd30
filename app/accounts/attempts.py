"""How often a password may be tried: by address, by account from one address, by account from anywhere.

Counted in each web process; a restart forgets them.
"""

import time

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.errors import TooMany

# Whoever knows the password must never be locked out by others for long: the limit on one account from
# anywhere is wide, and still leaves no hope of guessing twelve characters.
BY_ADDRESS = RateLimitItemPerMinute(60, 15, namespace="address")
BY_ACCOUNT_AND_ADDRESS = RateLimitItemPerMinute(8, 15, namespace="account and address")
BY_ACCOUNT = RateLimitItemPerHour(100, 1, namespace="account")


class Attempts:
    def __init__(self) -> None:
        self.limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, account: str, address: str) -> None:
        """Count one attempt. Raises: TooMany, in the same words whether there is such an account or not."""
        for limit, keys in self.limits(account, address):
            if not self.limiter.hit(limit, *keys):
                reset_at = self.limiter.get_window_stats(limit, *keys).reset_time
                wait_s = max(1, int(reset_at - time.time()))
                raise TooMany(
                    f"Too many attempts. Please wait {wait_s // 60 + 1} minutes, or ask an admin for a link "
                    "that sets a new password.",
                    wait_s,
                )

    def forgive(self, account: str, address: str) -> None:
        """Forget the failures of whoever has just signed in."""
        self.limiter.clear(BY_ACCOUNT_AND_ADDRESS, account, address)

    @staticmethod
    def limits(account: str, address: str) -> list[tuple[RateLimitItem, tuple[str, ...]]]:
        return [
            (BY_ADDRESS, (address,)),
            (BY_ACCOUNT_AND_ADDRESS, (account, address)),
            (BY_ACCOUNT, (account,)),
        ]
