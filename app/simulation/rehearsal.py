"""A simulation started from the browser: a process of its own that takes the study over HTTP.

It is the command `honeyglass simulate`, so the server answers it as it answers people. One at a time for
each study, over all web processes: a file says that it runs, another holds what the last one came to.
"""

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import Conflict
from app.settings import Settings

LONGEST_S = 900
FOLDER = "rehearsals"


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


def is_running(home: Path, slug: str) -> bool:
    """Whether a run is under way; one whose server was killed counts until its time would be up."""
    try:
        return time.time() - marker(home, slug).stat().st_mtime < LONGEST_S
    except FileNotFoundError:
        return False


def last_result(home: Path, slug: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((home / FOLDER / f"{slug}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def marker(home: Path, slug: str) -> Path:
    return home / FOLDER / f"{slug}.running"


def start(settings: Settings, order: Order) -> None:
    """Begin a run and return at once. Raises: Conflict while one of this study is under way."""
    (settings.home / FOLDER).mkdir(parents=True, exist_ok=True)
    running = marker(settings.home, order.slug)
    if not is_running(settings.home, order.slug):
        running.unlink(missing_ok=True)
    try:
        running.touch(exist_ok=False)
    except FileExistsError as error:
        raise Conflict(
            "Synthetic participants are taking this study already; wait until they are done."
        ) from error
    threading.Thread(target=run, args=(settings, order), daemon=True).start()


def run(settings: Settings, order: Order) -> None:
    """Run the command to its end and keep what it said."""
    env = os.environ | {
        "HONEYGLASS_HOME": str(settings.home.resolve()),
        "HONEYGLASS_DATABASE_URL": settings.database_url,
    }
    command = [sys.executable, "-m", "app.cli", *order.arguments()]
    try:
        done = subprocess.run(  # noqa: S603  # our own command; every argument is checked or after --
            command, env=env, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
        said = done.stdout.strip().splitlines()
        result = said[-1] if said else json.dumps({"ok": False, "error": done.stderr[-500:]})
    except subprocess.TimeoutExpired:
        result = json.dumps({"ok": False, "error": "It took more than 15 minutes and was stopped."})
    (settings.home / FOLDER / f"{order.slug}.json").write_text(result, encoding="utf-8")
    marker(settings.home, order.slug).unlink(missing_ok=True)
