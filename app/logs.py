"""One form for every line of a log: when (UTC), how bad, who says it, what. Nothing sent can forge a line."""

import logging
from datetime import UTC, datetime

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
INDENT = "    "


class LineFormatter(logging.Formatter):
    """A message is one line whatever was sent; a traceback's lines are indented, so none looks ours."""

    def __init__(self) -> None:
        super().__init__(FORMAT)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802  # logging's own name
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's own name
        record.message = without_controls(record.message)
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        first, *more = super().format(record).split("\n")
        return "\n".join([first, *(INDENT + without_controls(line) for line in more)])


def without_controls(text: str) -> str:
    """The text; what would end a line, steer a terminal or turn the text around, as Python writes it."""
    return "".join(letter if letter.isprintable() else escaped(letter) for letter in text)


def escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
