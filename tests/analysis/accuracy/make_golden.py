"""Make golden/experiment.csv (seeded) and golden/experiment.json by libraries, not by training's code.

    python -m tests.analysis.accuracy.make_golden

The JSON has the shape that R's figures for the published runs have, so one test compares both.
"""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats

FOLDER = Path(__file__).parent / "golden"
SIZES = {"135M": 40.0, "1.5B": 70.0}
CELLS = {
    ("counterfactual-prefix", "few-shot-positive-rationale"): ("CF:Unrevised", 0.0),
    ("task-prefix", "few-shot-positive-rationale"): ("MT:Unrevised", 3.0),
    ("both", "few-shot-positive-rationale"): ("MT+CF:Unrevised", 2.5),
    ("both", "few-shot-revision"): ("MT+CF:Revised", 4.0),
}
ORDER = [name for name, _ in CELLS.values()]


def make_runs() -> pd.DataFrame:
    """Cells of 5 to 7 runs, one wild run in two of them."""
    random = np.random.default_rng(20_240)
    rows = []
    for size, base in SIZES.items():
        for number, ((mode, rationale), (name, gain)) in enumerate(CELLS.items()):
            values = np.round((base + gain + random.normal(0, 1.2, 5 + (number + len(size)) % 3)) / 100, 6)
            if name in {"MT:Unrevised", "MT+CF:Revised"}:
                values[0] -= 0.09
            rows += [
                (run, float(value), rationale, size, mode, name) for run, value in enumerate(values.round(6))
            ]
    columns = ["run", "share", "rationale", "model_size", "mode", "model"]
    return pd.DataFrame(rows, columns=columns)


def cells(frame: pd.DataFrame) -> list[dict[str, Any]]:
    found = []
    for (size, model), values in each_cell(frame):
        q1, median, q3 = np.percentile(values, [25, 50, 75], method="linear")
        iqr = stats.iqr(values)
        found.append(
            {
                "model_size": size,
                "model": model,
                "n": len(values),
                "mean": float(np.mean(values)),
                "sd": float(np.std(values, ddof=1)),
                "se": float(stats.sem(values)),
                "median": float(median),
                "q1": float(q1),
                "q3": float(q3),
                "lower": float(q1 - 1.5 * iqr),
                "upper": float(q3 + 1.5 * iqr),
            }
        )
    return found


def each_cell(frame: pd.DataFrame) -> list[tuple[tuple[str, str], Any]]:
    return [
        (
            (size, model),
            frame.loc[(frame["model_size"] == size) & (frame["model"] == model), "acc"].to_numpy(),
        )
        for size in SIZES
        for model in ORDER
    ]


def find_outliers(frame: pd.DataFrame) -> pd.DataFrame:
    """Every run beyond 1.5 ranges, with how many ranges beyond."""
    beyond = np.zeros(len(frame))
    for (size, model), values in each_cell(frame):
        q1, q3 = np.percentile(values, [25, 75])
        is_here = ((frame["model_size"] == size) & (frame["model"] == model)).to_numpy()
        beyond[is_here] = np.maximum(q1 - values, values - q3) / (q3 - q1)
    return frame.assign(beyond=beyond)[beyond > 1.5]


def analyses(frame: pd.DataFrame) -> dict[str, Any]:
    values = [each for _, each in each_cell(frame)]
    levene = stats.levene(*values)
    df = len(frame) - len(values)
    return {
        "levene_median": {
            "F": float(levene.statistic),
            "df1": len(values) - 1,
            "df2": df,
            "p": float(levene.pvalue),
        },
        "shapiro": [
            {"model_size": size, "model": model, "n": len(each), **shapiro(each)}
            for (size, model), each in each_cell(frame)
        ],
        "anova_type1": anova(frame, 1),
        "anova_type2": anova(frame, 2),
        "anova_type3_sum_contrasts": anova(frame, 3),
        "tukey": [pair for size in SIZES for pair in tukey(frame, size)],
        "oneway_anova_per_size": [one_way(frame, size) for size in SIZES],
    }


def shapiro(values: Any) -> dict[str, float]:
    found = stats.shapiro(values)
    return {"W": float(found.statistic), "p": float(found.pvalue)}


def anova(frame: pd.DataFrame, kind: int) -> list[dict[str, Any]]:
    model = smf.ols("acc ~ C(model, Sum) * C(model_size, Sum)", frame).fit()
    table = sm.stats.anova_lm(model, typ=kind)
    names = {
        "C(model, Sum)": "model",
        "C(model_size, Sum)": "model_size",
        "C(model, Sum):C(model_size, Sum)": "model:model_size",
        "Residual": "Residuals",
    }
    error = table.loc["Residual", "sum_sq"]
    rows = []
    for label, name in names.items():
        line = table.loc[label]
        row: dict[str, Any] = {"term": name, "ss": float(line["sum_sq"]), "df": int(line["df"])}
        is_term = name != "Residuals"
        row |= {
            "F": float(line["F"]) if is_term else None,
            "p": float(line["PR(>F)"]) if is_term else None,
            "ges": float(line["sum_sq"] / (line["sum_sq"] + error)) if is_term else None,
        }
        rows.append(row)
    return rows


def tukey(frame: pd.DataFrame, size: str) -> list[dict[str, Any]]:
    groups = [values for (where, _), values in each_cell(frame) if where == size]
    found = stats.tukey_hsd(*groups)
    interval = found.confidence_interval(0.95)
    return [
        {
            "model_size": size,
            "group1": ORDER[i],
            "group2": ORDER[j],
            "diff_2_minus_1": float(found.statistic[j, i]),
            "lwr": float(interval.low[j, i]),
            "upr": float(interval.high[j, i]),
            "p_adj": float(found.pvalue[j, i]),
        }
        for i in range(len(ORDER))
        for j in range(i + 1, len(ORDER))
    ]


def one_way(frame: pd.DataFrame, size: str) -> dict[str, Any]:
    table = sm.stats.anova_lm(smf.ols("acc ~ C(model)", frame[frame["model_size"] == size]).fit())
    line, error = table.loc["C(model)"], table.loc["Residual"]
    dfs = {"df1": int(line["df"]), "df2": int(error["df"])}
    result = {"model_size": size, "F": float(line["F"]), **dfs, "p": float(line["PR(>F)"])}
    return result | {"ms_residual": float(error["mean_sq"])}


def main() -> None:
    frame = make_runs()
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "experiment.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["run", "test accuracy", "target_rationale", "model_size", "training_mode"])
        writer.writerows(frame[["run", "share", "rationale", "model_size", "mode"]].itertuples(index=False))
    frame["acc"] = frame["share"] * 100
    odd = find_outliers(frame)
    rest = frame.drop(index=odd.index)
    golden = {
        "meta": {"n_kept_before_outlier_removal": len(frame)},
        "cells_before": cells(frame),
        "outliers": [
            {
                "model_size": row["model_size"],
                "model": row["model"],
                "run": int(row["run"]),
                "test.accuracy": float(row["acc"]),
                "is.outlier": True,
                "is.extreme": bool(row["beyond"] > 3),
            }
            for _, row in odd.iterrows()
        ],
        "n_after": len(rest),
        "cells_after": cells(rest),
        "after_outlier_removal": analyses(rest),
        "all_runs": analyses(frame),
    }
    text = json.dumps(golden, indent=1, allow_nan=False) + "\n"
    (FOLDER / "experiment.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
