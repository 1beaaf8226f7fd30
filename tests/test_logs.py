"""A line of the log: its time has a zone, and nobody who sends something can forge another."""

import logging
import re

from app.logs import LineFormatter

FORGED = "x\n2026-11-26T00:00:00.000+00:00 INFO honeyglass: all is well\x1b[2J"


def formatted(message: str, *arguments: object, error: BaseException | None = None) -> str:
    trace = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("honeyglass", logging.WARNING, __file__, 1, message, arguments, trace)
    return LineFormatter().format(record)


def test_the_time_of_a_line_is_utc_and_says_so() -> None:
    line = formatted("all is %s", "well")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 WARNING honeyglass: all is well", line)


def test_what_somebody_sends_cannot_forge_a_line() -> None:
    assert "\n" not in formatted("lost a race: %s", FORGED)
    assert formatted("lost a race: %s", FORGED).isprintable()


def test_an_errors_own_words_cannot_forge_a_line() -> None:
    first, *more = formatted("broken", error=ValueError(FORGED)).split("\n")
    assert first.endswith("broken")
    assert all(line.startswith("    ") and line.isprintable() for line in more)
    assert any("all is well" in line for line in more)
