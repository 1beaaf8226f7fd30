"""The accuracies of an experiment's students, in the published shape: one line per trained student.

Training writes the table, the analysis reads it.

run,test accuracy,target_rationale,model_size,training_mode
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.contract.base import InvalidFile
from app.contract.files import replacing

COLUMNS = ("run", "test accuracy", "target_rationale", "model_size", "training_mode")
# The words of the published file, and what the paper calls them.
MODES = {"standard": "Standard", "counterfactual-prefix": "CF", "task-prefix": "MT", "both": "MT+CF"}
RATIONALES = {"few-shot-positive-rationale": "Unrevised", "few-shot-revision": "Revised"}
METHODS = {
    "standard": "standard",
    "counterfactual": "counterfactual-prefix",
    "multitask": "task-prefix",
    "combined": "both",
}
DATA = {"unrevised": "few-shot-positive-rationale", "revised": "few-shot-revision"}


@dataclass(frozen=True)
class ResultRow:
    """A line of the table; the accuracy is a share of 1, as in the file."""

    run: int
    accuracy: float
    target_rationale: str
    model_size: str
    training_mode: str

    @property
    def condition(self) -> str:
        mode = MODES.get(self.training_mode, self.training_mode)
        return f"{mode}:{RATIONALES.get(self.target_rationale, self.target_rationale)}"


def read_results(path: Path) -> list[ResultRow]:
    """Raises: InvalidFile with line and reason."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(parse_results(csv.DictReader(stream), path.name))
    except FileNotFoundError as error:
        raise InvalidFile(f"{path}: there is no such file.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidFile(f"{path.name}: not a CSV file in UTF-8 ({error}).") from error
    if not rows:
        raise InvalidFile(f"{path.name}: holds no runs.")
    return rows


def parse_results(reader: "csv.DictReader[str]", name: str) -> Iterator[ResultRow]:
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise InvalidFile(f"{name}: the column '{missing[0]}' is missing; expected {', '.join(COLUMNS)}.")
    for number, fields in enumerate(reader, start=2):
        yield parse_row(fields, f"{name}, line {number}")


def parse_row(fields: dict[str, str], where: str) -> ResultRow:
    run, accuracy, *words = ((fields[column] or "").strip() for column in COLUMNS)
    if not all(words):
        raise InvalidFile(f"{where}: every column needs a value.")
    if not re.fullmatch(r"\d{1,9}", run):
        raise InvalidFile(f"{where}: run '{run}' is no whole number.")
    try:
        share = float(accuracy)
    except ValueError as error:
        raise InvalidFile(f"{where}: test accuracy '{accuracy}' is no number.") from error
    if not 0 <= share <= 1:
        raise InvalidFile(f"{where}: test accuracy {accuracy} is not between 0 and 1.")
    data, size, mode = words
    return ResultRow(run=int(run), accuracy=share, target_rationale=data, model_size=size, training_mode=mode)


def write_results(path: Path, rows: Iterable[ResultRow]) -> None:
    """Write the table at once, so that whoever reads it never finds half of it."""
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            line = (row.run, repr(row.accuracy), row.target_rationale, row.model_size, row.training_mode)
            writer.writerow(line)
