"""Files and definitions that are sent, read in the test's own process: starting one takes a second of CPU.

What a process of its own is for (limits, its end, what it leaves) is tested with real ones:
tests/web/test_apart.py, tests/security/test_hostile_files.py and whatever asks for the fixture `apart`.
"""

from collections.abc import Sequence

import pytest

from app.importing.__main__ import outcome
from app.studies import reading
from app.web import apart, processes
from app.web.apart import Work
from app.web.processes import Said


def read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "run", import_here)
    monkeypatch.setattr(reading, "run", define_here)


def read_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (apart, reading):
        monkeypatch.setattr(module, "run", processes.run)


def import_here(_command: Sequence[str], told: bytes, _limit_s: float) -> Said:
    return Said(outcome(Work.model_validate_json(told)).model_dump_json().encode(), "", 0)


def define_here(_command: Sequence[str], told: bytes, _limit_s: float) -> Said:
    return Said(reading.read_here(told.decode()).model_dump_json().encode(), "", 0)
