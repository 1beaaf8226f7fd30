"""The published study's format, read back: an earlier study can be analysed like one of our own."""

from pathlib import Path

import pandas as pd

from app.analysis.material import LENGTH, Material, Origin, as_numbers, completed
from app.contract.base import sha256_of_file
from app.errors import Invalid
from app.exports.paper import ASKED, CONSTRUCTS

NEEDED = ("CASE", "rationale_id", "model")
# The published names of what the product calls Unrevised and Revised.
NAMES = {"PosRationales": "Unrevised", "RevRationales": "Revised"}
NOT_RECORDED = (
    "the participant flow (who arrived, consented, failed or left)",
    "attention checks, times and exclusions",
    "whether the student's answer was right",
    "the order in which explanations were seen",
    "the scale's labels",
)
MOST_POINTS = 9


def read_csv(path: Path, software: str) -> Material:
    """Conditions in alphabetical order, the first is the reference. Raises: Invalid; OSError."""
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise Invalid(f"{path}: this is no CSV file in UTF-8: {error}.") from error
    found = [name for name in (construct.capitalize() for construct in CONSTRUCTS) if name in frame]
    absent = [name for name in NEEDED if name not in frame]
    if absent or not found:
        wanted = ", ".join(absent) or "any of the constructs"
        raise Invalid(
            f"{path}: the file has no column for {wanted}; the paper format is described in the docs."
        )
    frame = frame.rename(
        columns={"CASE": "participant", "rationale_id": "question", "rationale_length": LENGTH}
    )
    labels = frame["model"]
    for theirs, ours in NAMES.items():
        labels = labels.str.replace(theirs, ours, regex=False)
    for name in [*found, *([LENGTH] if LENGTH in frame else [])]:
        frame[name] = numbers(path, frame, name)
    check_ratings(path, frame, found)
    frame["condition"] = labels
    conditions = tuple(sorted(labels.unique()))
    controls = tuple(name for name in ASKED if name in frame)
    points = range(1, 1 + max(5, *(int(frame[name].max(skipna=True) or 0) for name in found), 0))
    origin = Origin(title=path.name, version="not recorded", sha256=sha256_of_file(path), software=software)
    return Material(
        frame=completed(frame, conditions, found),
        conditions=conditions,
        constructs=tuple(found),
        controls=controls,
        origin=origin,
        scale=tuple(str(point) for point in points),
        missing=NOT_RECORDED,
    )


def numbers(path: Path, frame: pd.DataFrame, name: str) -> "pd.Series[float]":
    try:
        return as_numbers(frame[name].replace("", None))
    except (ValueError, TypeError) as error:
        raise Invalid(f"{path}: the column {name} holds something that is no number: {error}.") from error


def check_ratings(path: Path, frame: pd.DataFrame, constructs: list[str]) -> None:
    """Ratings are whole numbers from 1. Raises: Invalid."""
    if frame.empty:
        raise Invalid(f"{path}: the file has a header and no rows.")
    for name in constructs:
        given = frame[name].dropna()
        wrong = given[(given % 1 != 0) | (given < 1) | (given > MOST_POINTS)]
        if len(wrong):
            line = int(wrong.index[0]) + 2
            raise Invalid(
                f"{path}: line {line}: {name} is {wrong.iloc[0]:g}; ratings are 1 to {MOST_POINTS}."
            )
        if given.empty:
            raise Invalid(f"{path}: the column {name} is empty.")
