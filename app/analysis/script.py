"""The same analysis for R: data.csv, and a script that reads it."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from app.analysis.material import (
    BY_HAND,
    BY_RULE,
    LENGTH,
    QUALITY,
    STATUS,
    TEXT,
    TEXT_HASH,
    VERSION,
    Material,
)
from app.exports.escaping import defused, one_line, r_string

SCRIPT = Path(__file__).with_name("analysis.R")
SETTINGS = "#SETTINGS"


def write(material: Material, out: Path, stamp: str) -> None:
    """Participants and texts leave as they are in the exports; nothing else identifies anybody."""
    columns = ["participant", "question", "condition", TEXT, *material.constructs, QUALITY]
    known = (
        VERSION,
        TEXT_HASH,
        STATUS,
        LENGTH,
        "answer_correct",
        "position",
        "duration_ms",
        BY_RULE,
        BY_HAND,
    )
    columns += [name for name in (*known, *material.controls) if name in material.frame]
    data = material.frame[columns].apply(defused_column)
    data.to_csv(out / "data.csv", index=False)
    text = SCRIPT.read_text(encoding="utf-8").replace(SETTINGS, "\n".join(settings(material)))
    (out / "analysis.R").write_text(f"# {one_line(stamp)}\n{text}", encoding="utf-8")


def settings(material: Material) -> Iterable[str]:
    """What the script must know of the study; the first condition is the reference of the others."""
    yield f"conditions <- {r_strings(map(defused, material.conditions))}"
    yield f"constructs <- {r_strings(material.constructs)}"
    yield f"primary <- {r_strings(material.primary)}"
    yield f"quality <- {r_string(QUALITY)}"
    yield f"covariates <- {r_strings(material.covariates)}"
    yield f"factors <- {r_strings(material.factors)}"


def r_strings(texts: Iterable[str]) -> str:
    """An R vector, of no texts too."""
    return f"as.character(c({', '.join(map(r_string, texts))}))"


def defused_column(column: pd.Series) -> pd.Series:
    """A column whose texts no spreadsheet runs; numbers stay as they are."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    return column.astype(object).map(lambda cell: defused(cell) if isinstance(cell, str) else cell)
