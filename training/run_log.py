"""A run's diary: every figure the Trainer logs, as a row of log.csv."""

import csv
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

COLUMNS = ("step", "seconds", "name", "value")


class CsvLog(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
    """Long format, one figure a row. A resumed run drops what was logged after the step it goes on from."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.started = time.monotonic()

    def on_train_begin(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:  # noqa: ANN401  # untyped
        if not state.is_world_process_zero:
            return
        kept = [row for row in read_log(self.path) if int(row["step"]) <= state.global_step]
        if kept:  # the clock goes on where it stood
            self.started = time.monotonic() - float(kept[-1]["seconds"])
        with self.path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS)
            writer.writeheader()
            writer.writerows(kept)

    def on_log(self, _args: Any, state: Any, _control: Any, logs: dict[str, float], **_: Any) -> None:  # noqa: ANN401  # untyped
        if not state.is_world_process_zero:
            return
        seconds = round(time.monotonic() - self.started, 1)
        with self.path.open("a", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerows([state.global_step, seconds, name, value] for name, value in logs.items())


def read_log(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
