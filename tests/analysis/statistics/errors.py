"""How far each family of the published study's figures is from R's, worst first.

python -m tests.analysis.statistics.errors report/statistics.csv
"""

import csv
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from tests.analysis.statistics.published import golden

Rows = dict[tuple[str, ...], float]
Compared = tuple[str, float, float]
LENGTH = ("rationale_length", "explanation_length")
FACTORS = {"rationale_id": "question", "CASE": "participant", "residual": "residual"}


def read(path: Path) -> Rows:
    """Values by variant, analysis, construct, group1, group2, term and quantity; pairs in both orders."""
    with path.open(encoding="utf-8", newline="") as stream:
        keys = ("variant", "analysis", "construct", "group1", "group2", "term", "quantity")
        return {tuple(row[key] for key in keys): float(row["value"]) for row in csv.DictReader(stream)}


def pair(rows: Rows, start: tuple[str, str, str], one: dict[str, Any], quantity: str, turn: str) -> float:
    """A pair's figure; if the file has the pair the other way round, turned (`sign`, `A` or not at all)."""
    first, second = one.get("group1", one.get("a")), one.get("group2", one.get("b"))
    straight = (*start, str(first), str(second), "", quantity)
    if straight in rows:
        return rows[straight]
    value = rows[(*start, str(second), str(first), "", quantity)]
    return {"sign": -value, "A": 1 - value}.get(turn, value)


def compared(rows: Rows) -> Iterator[Compared]:
    """Family, ours, R's."""
    known = golden()
    yield from by_condition(rows, known)
    yield from by_pair(rows, known)
    yield from linear(rows, known)
    yield from cumulative(rows, known)
    for quantity in ("W", "p"):
        joint = rows["published", "shapiro_multivariate", "", "", "", "", quantity]
        yield f"shapiro_multivariate {quantity}", joint, known["mshapiro"][quantity]
    for name, one in known["icc"].items():
        for quantity in ("icc_rater", "icc_item_agreement"):
            yield "icc", rows["all_rows", "icc", name, "", "", "", quantity], one[quantity]


def by_condition(rows: Rows, known: dict[str, Any]) -> Iterator[Compared]:
    for analysis, family, quantities in (
        ("describe", "descriptives", ("n", "mean", "sd", "se", "median", "q1", "q3")),
        ("shapiro", "shapiro", ("W", "p")),
        ("levene", "levene", ("F", "p")),
        ("kruskal", "kruskal", ("H", "p")),
    ):
        for one, quantity in product(known[family], quantities):
            if one.get("center") != "mean":
                key = ("published", analysis, one["construct"], one.get("model", ""), "", "", quantity)
                yield f"{analysis} {quantity}", rows[key], one[quantity]


def by_pair(rows: Rows, known: dict[str, Any]) -> Iterator[Compared]:
    for family, analysis, ours, theirs, turn in (
        ("dunn", "dunn", "z", "z", "sign"),
        ("dunn", "dunn", "p", "p", ""),
        ("dunn", "dunn", "p_bonferroni", "p_adj_bonferroni", ""),
        ("dunn", "dunn", "p_holm", "p_adj_holm", ""),
        ("vda", "vargha_delaney", "A", "A", "A"),
        ("correlation_pearson", "correlation", "r", "r", ""),
        ("correlation_pearson", "correlation", "p", "p", ""),
    ):
        for one in known[family]:
            start = ("published", analysis, one.get("construct", ""))
            yield f"{analysis} {ours}", pair(rows, start, one, ours, turn), one[theirs]


def linear(rows: Rows, known: dict[str, Any]) -> Iterator[Compared]:
    for family, variant, analysis, listed in (
        ("lm_quality", "published", "linear_model", "coefficients"),
        ("lm_quality_all_rows", "all_rows", "linear_model", "coefficients"),
        ("lmm_quality", "all_rows", "mixed_model_plain", "fixed"),
    ):
        start = (variant, analysis, "Quality", "", "")
        for one, quantity in product(known[family][listed], ("estimate", "se")):
            term = one["term"].removeprefix("model").replace(*LENGTH)
            yield f"{analysis} {quantity}", rows[*start, term, quantity], one[quantity]
        for name, variance in known[family].get("variance", {}).items():
            yield "mixed_model variance", rows[*start, FACTORS[name], "variance"], variance
    test = rows["all_rows", "mixed_model_plain_test", "Quality", "", "", "", "chi2"]
    yield "mixed_model chi2", test, known["lmm_quality"]["ml"]["lrt_model_chi2"]


def cumulative(rows: Rows, known: dict[str, Any]) -> Iterator[Compared]:
    for construct, fit in known["clmm"].items():
        start = ("all_rows", "clmm_plain", construct, "", "")
        for one, quantity in product(fit["coefficients"], ("estimate", "se")):
            yield f"clmm {quantity}", rows[*start, one["term"].removeprefix("model"), quantity], one[quantity]
        yield "clmm loglik", rows[*start, "", "loglik"], fit["loglik"]
        chi2 = rows["all_rows", "clmm_plain_test", construct, "", "", "", "chi2"]
        yield "clmm chi2", chi2, fit["lrt_model"]["chi2"]


def worst(rows: Rows) -> list[tuple[float, str, int]]:
    """Largest relative error and number of figures of each family; p below 1e-300 and zeros are left out."""
    errors: dict[str, list[float]] = {}
    for family, ours, theirs in compared(rows):
        if abs(theirs) > 1e-300:
            errors.setdefault(family, []).append(abs(ours / theirs - 1))
    return sorted(((max(all_), family, len(all_)) for family, all_ in errors.items()), reverse=True)


def main() -> None:
    for error, family, count in worst(read(Path(sys.argv[1]))):
        sys.stdout.write(f"{family:28} {count:4} figures  {error:.1e}\n")


if __name__ == "__main__":
    main()
