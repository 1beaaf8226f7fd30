"""Tables for people, from tidy rows: one line for each group, pair or term, one column for each quantity."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.results.analysis.tidy import Figure, Key, Note

UNDERFLOW = 1e-300
SMALL_P, SMALL = 1e-3, 1e-2  # below, digits are counted from the first that is not 0
COUNTS = {"n", "df", "df1", "df2", "dropped", "outliers", "extreme", "units", "is_at_zero", "min", "max"}
LABELS = {"construct": "Construct", "group1": "Condition", "group2": "Compared with", "term": "Term"}


@dataclass(frozen=True)
class Table:
    """`notes` are sentences that stand where figures could not be computed."""

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def table(
    found: Iterable[Figure | Note],
    name: str,
    title: str,
    analysis: str,
    variant: str,
    quantities: Sequence[str] = (),
) -> Table:
    """The figures of one analysis; `quantities` chooses and orders columns (all, as they come, without)."""
    mine = [one for one in found if (one.key.analysis, one.key.variant) == (analysis, variant)]
    figures = [one for one in mine if isinstance(one, Figure)]
    known = [one.quantity for one in figures]
    columns = [q for q in (quantities or dict.fromkeys(known)) if q in known]
    cells: dict[Key, dict[str, float]] = {}
    for one in figures:
        if one.quantity in columns:
            cells.setdefault(one.key, {})[one.quantity] = one.value
    used = [field for field in LABELS if any(getattr(key, field) for key in cells)]
    rows = tuple(
        (*(getattr(key, f) for f in used), *(shown(q, values.get(q)) for q in columns))
        for key, values in cells.items()
    )
    sentences = (f"{place(one.key)}{one.sentence}" for one in mine if isinstance(one, Note))
    header = (*(LABELS[field] for field in used), *columns)
    return Table(name, title, header, rows, tuple(dict.fromkeys(sentences)))


def place(key: Key) -> str:
    where = ", ".join(part for part in (key.construct, key.group1, key.group2) if part)
    return f"{where}: " if where else ""


def shown(quantity: str, value: float | None) -> str:
    """A figure as people read it; an absent one is a dash."""
    if value is None:
        return "–"
    if quantity == "p" or quantity.startswith("p_") or quantity.endswith("_p"):
        return shown_p(value)
    if quantity in COUNTS and float(value).is_integer():
        return f"{value:.0f}"
    return f"{value:.3f}" if abs(value) >= SMALL else f"{value:.3g}"


def shown_p(p: float) -> str:
    if p < UNDERFLOW:
        return "< 1e-300"
    return f"{p:.3f}" if p >= SMALL_P else f"{p:.2e}"


def write_csv(path: Path, one: Table) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(one.header)
        writer.writerows(one.rows)


ESCAPES = {
    "\\": r"\textbackslash{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
    "×": r"$\times$",
    "–": "--",
    "α": r"$\alpha$",
    "δ": r"$\delta$",
}


def latex(one: Table, stamp: str) -> str:
    """A booktabs table; the stamp is a comment above it."""
    columns = "l" * sum(title in LABELS.values() for title in one.header)
    columns += "r" * (len(one.header) - len(columns))
    lines = [
        f"% {stamp}",
        r"\begin{table}",
        rf"\caption{{{escaped(one.title)}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join(map(escaped, one.header)) + r" \\",
        r"\midrule",
        *(" & ".join(map(escaped, row)) + r" \\" for row in one.rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    return "".join(ESCAPES.get(letter, letter) for letter in text)
