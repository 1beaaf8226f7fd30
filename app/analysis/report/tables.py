"""Tables for people, from tidy rows: one line for each group, pair or term, one column for each quantity."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.analysis.p_values import SMALL, shown_p
from app.analysis.tidy import Note, Statistic, by_key
from app.exports import escaping

LONG = 30  # rows: longer tables go over several pages
ABSENT = "–"
COUNTS = {
    "n",
    "df",
    "df1",
    "df2",
    "dropped",
    "outliers",
    "extreme",
    "units",
    "min",
    "max",
    "people",
    "U",
    "due",
    "left",
    "raters_relative",
    "raters_absolute",
    "left_out",
    "changing",
    "simulated",
    "exceeded",
    "refits_failed",
}
LABELS = {"construct": "Construct", "group1": "First", "group2": "Second", "term": "Term"}
ALONE = "Group"  # what the first is called where there is no second
HEADERS = {
    "due": "texts due",
    "left": "people who left",
    "p_chi2": "p (χ²)",
    "share": "share of people",
    "share_left": "share of texts due",
    "p_bootstrap": "p (bootstrap)",
    "simulated": "studies simulated",
    "exceeded": "as extreme",
    "refits_failed": "no model",
    "p_holm": "p (Holm)",
    "p_gated": "p (gated)",
    "left_out": "each left out once",
    "estimate_low": "lowest estimate",
    "estimate_high": "highest estimate",
    "p_smallest": "smallest p (Holm)",
    "p_largest": "largest p (Holm)",
    "changing": "change p < .05",
    "estimate_without": "estimate without",
    "p_without": "p (Holm) without",
    "p_F": "p (F)",
    "p_bonferroni": "p (Bonferroni)",
    "odds_ratio": "odds ratio",
    "odds_ratio_low": "from (95 %)",
    "odds_ratio_high": "to (95 %)",
    "low90": "from (90 %)",
    "high90": "to (90 %)",
    "p_lower": "p (above −bound)",
    "p_upper": "p (below +bound)",
    "p_tost": "p (TOST)",
    "low": "from (95 %)",
    "high": "to (95 %)",
    "A_low": "A from (95 %)",
    "A_high": "A to (95 %)",
    "delta": "δ",
    "delta_low": "δ from (95 %)",
    "delta_high": "δ to (95 %)",
    "r_low": "r from (95 %)",
    "r_high": "r to (95 %)",
    "rho": "ρ",
    "rho_p": "ρ's p",
    "alpha": "α",
    "chi2": "χ²",
    "eta2": "η²",
    "epsilon2": "ε²",
    "statistic": "t, z or V",
    "random_sd": "SD (logit)",
    "is_at_zero": "left out (variance 0)",
    "var_rater": "participants",
    "var_item": "questions",
    "var_residual": "rest",
    "var_object": "variance of texts",
    "var_relative": "one rater's error, relative",
    "var_absolute": "one rater's error, absolute",
    "raters_relative": "raters for .8, relative",
    "raters_absolute": "raters for .8, absolute",
    "icc_rater": "participants' share of the variance",
    "icc1": "ICC(1)",
    "n0": "mean size",
    "msb": "MS between",
    "msw": "MS within",
    "ss": "SS",
}


@dataclass(frozen=True, kw_only=True)
class Table:
    """`texts`: how many columns, the first ones, hold labels. `notes` stand where there are no figures."""

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int
    notes: tuple[str, ...] = ()


def table(
    found: Iterable[Statistic | Note],
    title: str,
    analysis: str,
    variant: str,
    quantities: Sequence[str] = (),
    labels: Mapping[str, str] = LABELS,
) -> Table:
    """The figures of one analysis; `quantities` chooses and orders columns (all, as they come, without).

    `labels`: which fields of a key its rows have, and what those are called.
    """
    mine = [one for one in found if (one.key.analysis, one.key.variant) == (analysis, variant)]
    figures = [one for one in mine if isinstance(one, Statistic)]
    known = [one.quantity for one in figures]
    columns = [q for q in (quantities or dict.fromkeys(known)) if q in known]
    cells = by_key(one for one in figures if one.quantity in columns)
    used = [field for field in labels if any(getattr(key, field) for key in cells)]
    rows = tuple(
        (*(getattr(key, f) for f in used), *(shown(q, values.get(q)) for q in columns))
        for key, values in cells.items()
    )
    if labels is LABELS and "group2" not in used:
        labels = LABELS | {"group1": ALONE}
    return Table(
        name=f"{analysis}_{variant}",
        title=title,
        header=(*(labels[field] for field in used), *(HEADERS.get(name, name) for name in columns)),
        rows=rows,
        texts=len(used),
        notes=sentences([one for one in mine if isinstance(one, Note)], tuple(labels)),
    )


def sentences(notes: Sequence[Note], fields: Sequence[str]) -> tuple[str, ...]:
    """Each sentence once, after all the places it is about: these fields of their keys."""
    places: dict[str, list[str]] = {}
    for one in notes:
        parts = [getattr(one.key, field) for field in fields]
        places.setdefault(one.sentence, []).append(" ".join(part for part in parts if part))
    return tuple(
        f"{'; '.join(dict.fromkeys(where))}: {sentence}" if any(where) else sentence
        for sentence, where in places.items()
    )


def shown(quantity: str, value: float | None) -> str:
    """A figure as people read it; an absent one is a dash."""
    if value is None:
        return ABSENT
    if quantity == "is_at_zero":
        return "yes" if value else "no"
    if quantity == "p" or quantity.startswith("p_") or quantity.endswith("_p"):
        return shown_p(value)
    if quantity in COUNTS and float(value).is_integer():
        return f"{value:.0f}"
    # Of small numbers, digits are counted from the first that is not 0.
    return f"{value:.3f}" if abs(value) >= SMALL else f"{value:.3g}"


def write_csv(path: Path, one: Table) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(one.header)
        writer.writerows([cells(row, one.texts) for row in one.rows])


def cells(row: Sequence[str], texts: int) -> list[str]:
    """Labels come from people; figures are ours, and one below zero is no formula."""
    figures = ("" if cell == ABSENT else cell for cell in row[texts:])
    return [*(escaping.defused(cell) for cell in row[:texts]), *figures]


def latex(one: Table, stamp: str) -> str:
    """A booktabs table, or a longtable if it needs several pages; the stamp is a comment above it."""
    columns = "l" * one.texts + "r" * (len(one.header) - one.texts)
    caption = rf"\caption{{{escaping.latex(one.title)}}}"
    if len(one.rows) > LONG:
        begin = [rf"\begin{{longtable}}{{{columns}}}", caption + r" \\"]
        end = [r"\end{longtable}"]
    else:
        begin = [r"\begin{table}", caption, rf"\begin{{tabular}}{{{columns}}}"]
        end = [r"\end{tabular}", r"\end{table}"]
    lines = [
        f"% {escaping.one_line(stamp)}",
        *begin,
        r"\toprule",
        " & ".join(map(escaping.latex, one.header)) + r" \\",
        r"\midrule",
        *([r"\endhead"] if len(one.rows) > LONG else []),
        *(" & ".join(map(escaping.latex, row)) + r" \\" for row in one.rows),
        r"\bottomrule",
        *end,
    ]
    return "\n".join(lines) + "\n"
