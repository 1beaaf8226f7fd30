"""Commands of ours that a page starts: each in a process of its own, one at a time for each name.

Two files tell every web process how it is: one says that it runs, another holds what the last run said.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.errors import Conflict
from app.settings import Settings
from app.web.processes import run

LONGEST_S = 900
LONGEST_ERROR = 500
OF_STUDIES = (PACKAGES, REPORTS) = ("packages", "reports")  # kinds of files that hold people's answers
ERASED = "Somebody's answers were erased while this was being made. Please make it anew."


@dataclass(frozen=True)
class Job:
    """`kind` is a folder below the home, `name` what the command works on."""

    settings: Settings
    kind: str
    name: str

    def path(self, ending: str) -> Path:
        return self.settings.home / self.kind / f"{self.name}.{ending}"

    def is_running(self) -> bool:
        """Whether it is under way; one whose server was killed counts until its time would be up."""
        begun = self.begun()
        return begun is not None and time.time() - begun.timestamp() < LONGEST_S

    def begun(self) -> datetime | None:
        """When what is under way was started."""
        try:
            return datetime.fromtimestamp(self.path("running").stat().st_mtime, UTC)
        except FileNotFoundError:
            return None

    def result(self) -> dict[str, Any] | None:
        """What the last run said."""
        return read_json(self.path("json"))

    def progress(self) -> float | None:
        """The share that is done, where the command tells it."""
        told = read_json(self.path("progress"))
        return told["done"] / max(told["total"], 1) if told else None

    def start(
        self, arguments: Sequence[str], busy: str, finish: Callable[[dict[str, Any]], None] = lambda _: None
    ) -> None:
        """Begin it and return at once; `finish` gets what it said before others see it.

        Raises: Conflict with the words `busy` while it is under way.
        """
        running = self.path("running")
        running.parent.mkdir(parents=True, exist_ok=True)
        if not self.is_running():
            running.unlink(missing_ok=True)
        try:
            running.touch(exist_ok=False)
        except FileExistsError as error:
            raise Conflict(busy) from error
        self.path("progress").unlink(missing_ok=True)
        threading.Thread(target=self.run, args=(arguments, finish), daemon=True).start()

    def discard(self) -> None:
        """Remove what was made, and have a run that is under way throw away what it makes."""
        if self.is_running():
            self.path("stale").touch()
        for made in self.made():
            shutil.rmtree(made) if made.is_dir() else made.unlink(missing_ok=True)

    def made(self) -> list[Path]:
        """Everything there is of this name but the marks of a run; a slug has no dots."""
        folder = self.settings.home / self.kind
        kept = {self.path("running"), self.path("stale")}
        found = [folder / self.name, *folder.glob(f"{self.name}.*")]
        return [path for path in found if path.exists() and path not in kept]

    def run(self, arguments: Sequence[str], finish: Callable[[dict[str, Any]], None]) -> None:
        """Run the command to its end and keep what it said."""
        try:
            told = call(self.settings, arguments)
            finish(told)
            if self.path("stale").exists():  # looked at after the files are in place, so that none is missed
                self.discard()
                told = {"ok": False, "error": ERASED}
            partial = self.path("json.partial")  # a page that reads meanwhile finds a whole file
            partial.write_text(json.dumps(told), encoding="utf-8")
            partial.replace(self.path("json"))
        finally:
            self.path("stale").unlink(missing_ok=True)
            self.path("running").unlink(missing_ok=True)


def forget(settings: Settings, name: str) -> None:
    """After somebody was erased: what was made of their study before holds what they gave."""
    for kind in OF_STUDIES:
        Job(settings, kind, name).discard()


def call(settings: Settings, arguments: Sequence[str]) -> dict[str, Any]:
    """What a command says with --json; {"ok": False, "error": …} if it says nothing, or takes too long."""
    command = [sys.executable, "-m", "app.cli", *arguments]
    try:
        done = run(command, b"", LONGEST_S, environment(settings))
    except subprocess.TimeoutExpired:
        return {"ok": False, "error": "It took more than 15 minutes and was stopped."}
    said = done.answer.decode().strip().splitlines()
    if not said:
        return {"ok": False, "error": done.trace[-LONGEST_ERROR:]}
    told: dict[str, Any] = json.loads(said[-1])
    return told


def environment(settings: Settings) -> Mapping[str, str]:
    return os.environ | {
        "HONEYGLASS_HOME": str(settings.home.resolve()),
        "HONEYGLASS_DATABASE_URL": settings.database_url,
    }


def read_json(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found
