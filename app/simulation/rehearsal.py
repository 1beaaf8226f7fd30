"""A simulation started from the browser: the command `honeyglass simulate`, in a process of its own.

The server answers it as it answers people.
"""

from dataclasses import dataclass

from app.settings import Settings
from app.web.jobs import Job

FOLDER = "rehearsals"
BUSY = "Synthetic participants are taking this study already; wait until they are done."


@dataclass(frozen=True)
class Order:
    """What to simulate; the server is the one that was asked."""

    slug: str
    url: str
    participants: int
    concurrency: int
    dropout: float
    seed: int
    force: bool

    def arguments(self) -> list[str]:
        options = {
            "--url": self.url,
            "--participants": self.participants,
            "--concurrency": self.concurrency,
            "--dropout": self.dropout,
            "--seed": self.seed,
        }
        listed = [str(part) for option in options.items() for part in option]
        return ["simulate", *listed, "--json", *(["--force"] if self.force else []), "--", self.slug]


def job(settings: Settings, slug: str) -> Job:
    return Job(settings, FOLDER, slug)


def start(settings: Settings, order: Order) -> None:
    """Begin a run and return at once. Raises: Conflict while one of this study is under way."""
    job(settings, order.slug).start(order.arguments(), BUSY)
