"""python -m tests.analysis.golden.derive FOLDER: write published.json anew from the published study's files.

FOLDER holds study.csv, and golden/study.json and golden/experiment.json with what R says. README.md says what
is taken over and why nothing else.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from tests.analysis.statistics.published import CONDITIONS, CONSTRUCTS, DERIVED, study_of

TAKEN: dict[str, tuple[str, ...]] = {
    "descriptives": (
        "construct",
        "model",
        "n",
        "mean",
        "sd",
        "se",
        "median",
        "q1",
        "q3",
        "iqr",
        "min",
        "max",
    ),
    "descriptives_overall": ("construct", "n", "mean", "sd", "se", "median"),
    "shapiro": ("construct", "model", "W", "p"),
    "levene": ("construct", "df1", "df2", "F", "p"),
    "kruskal": ("construct", "H", "df", "p", "eta2_H", "epsilon2"),
    "dunn": ("construct", "group1", "group2", "z", "p", "p_adj_bonferroni", "p_adj_holm"),
    "vda": ("construct", "group1", "group2", "A", "cliff_delta", "U", "mannwhitney_p"),
    "correlation_pearson": ("a", "b", "r", "t", "df", "p", "conf_low", "conf_high"),
}
FENCES = ("model", "n", "outliers", "q1", "q3", "lower", "upper")
CELL = ("model_size", "model", "n", "mean", "sd")
OF_CELLS = ("anova_type1", "anova_type2", "anova_type3_sum_contrasts", "tukey", "oneway_anova_per_size")


def taken(rows: list[dict[str, Any]], fields: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{field: row[field] for field in fields} for row in rows if row.get("center") != "mean"]


def counts(study: pd.DataFrame) -> dict[str, Any]:
    """How often each condition got each rating (of Quality: each sum of five), and each pair of ratings."""
    scores = study.assign(Quality=study[list(CONSTRUCTS)].sum(axis=1))
    return {
        "of_conditions": {
            outcome: {
                condition: numbered(scores[scores["condition"] == condition], [outcome])
                for condition in CONDITIONS
            }
            for outcome in (*CONSTRUCTS, "Quality")
        },
        "of_pairs": {
            f"{a} {b}": numbered(scores, [a, b])
            for at, a in enumerate(CONSTRUCTS)
            for b in CONSTRUCTS[at + 1 :]
        },
    }


def numbered(scores: pd.DataFrame, columns: list[str]) -> dict[str, int]:
    found = scores.groupby(columns).size()
    return {" ".join(map(str, key if isinstance(key, tuple) else (key,))): int(n) for key, n in found.items()}


def derived(folder: Path) -> dict[str, Any]:
    ratings = json.loads((folder / "golden/study.json").read_text(encoding="utf-8"))
    accuracies = json.loads((folder / "golden/experiment.json").read_text(encoding="utf-8"))
    return {
        "counts": counts(study_of(folder / "study.csv")),
        **{family: taken(ratings[family], fields) for family, fields in TAKEN.items()},
        "fences": taken(ratings["outliers_quality"]["by_model"], FENCES),
        "accuracies": {
            variant: {
                "cells": taken(accuracies[cells], CELL),
                **{family: accuracies[variant][family] for family in OF_CELLS},
            }
            for variant, cells in (("all_runs", "cells_before"), ("after_outlier_removal", "cells_after"))
        },
    }


def written(found: dict[str, Any]) -> str:
    """JSON with a line for each row or table of counts."""
    lines = json.dumps(found, ensure_ascii=False, sort_keys=True)
    return lines.replace("}, {", "},\n{").replace('}, "', '},\n"').replace('], "', '],\n"') + "\n"


if __name__ == "__main__":
    DERIVED.write_text(written(derived(Path(sys.argv[1]))), encoding="utf-8")
