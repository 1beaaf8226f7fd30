"""How fast people may arrive from one place: a brake that makes a crowd wait a moment and refuses nobody.

The addresses are kept in this process's memory for the minute that is counted, and are written nowhere.
"""

import time
from ipaddress import IPv6Address, ip_address, ip_network

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

ARRIVALS = RateLimitItemPerMinute(60, namespace="arrivals")


class Brake:
    def __init__(self) -> None:
        self.limiter = MovingWindowRateLimiter(MemoryStorage())

    def seconds_to_wait(self, address: str) -> int:
        """Count one arrival; 0 if it may go on, else after how many seconds there is room again."""
        place = address_range(address)
        if self.limiter.hit(ARRIVALS, place):
            return 0
        reset_at = self.limiter.get_window_stats(ARRIVALS, place).reset_time
        return max(1, int(reset_at - time.time()) + 1)


def address_range(address: str) -> str:
    """The network that shares a count: /24 of IPv4, /64 of IPv6, which is what one household is given."""
    try:
        known = ip_address(address)
    except ValueError:
        return address  # not from the internet: a socket in the file system, or a test
    if isinstance(known, IPv6Address) and known.ipv4_mapped is not None:
        known = known.ipv4_mapped
    return str(ip_network((known, 24 if known.version == 4 else 64), strict=False))  # noqa: PLR2004  # IPv4
