"""The exclusion rules a study declared before its data, and what each removes."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from app.analysis.material import Removed
from app.contract.study import Exclusions

FEWEST_FOR_SPREAD = 3
FAST = "standard deviations below the mean (of the logarithm of a person's mean time per page)"


def exclude(
    frame: pd.DataFrame, rules: Exclusions, constructs: Sequence[str]
) -> tuple[pd.Series, list[Removed]]:
    """Which rows fall under any rule, and what each rule would remove by itself."""
    marked = pd.Series(data=False, index=frame.index)
    removed = []
    for sentence, people in broken(frame, rules, constructs):
        rows = frame["participant"].isin(people)
        removed.append(Removed(sentence, len(people), int(rows.sum())))
        marked |= rows
    return marked, removed


def broken(
    frame: pd.DataFrame, rules: Exclusions, constructs: Sequence[str]
) -> Iterator[tuple[str, list[str]]]:
    """Each declared rule in words, with the participants it is about."""
    if (least := rules.attention_failed_at_least) is not None:
        failed = frame.groupby("participant")["attention_failed"].max()
        yield f"failed at least {least} attention checks", chosen(failed >= least)
    if (spread := rules.faster_than_sd) is not None:
        yield f"faster than {spread:g} {FAST}", too_fast(frame, spread)
    if rules.straightlining:
        values = frame[list(constructs)]
        same = pd.DataFrame(
            {"participant": frame["participant"], "low": values.min(axis=1), "high": values.max(axis=1)}
        )
        people = same.groupby("participant").agg({"low": "min", "high": "max"})
        several = frame.groupby("participant").size() > 1
        yield "gave the same rating to everything", chosen((people["low"] == people["high"]) & several)


def too_fast(frame: pd.DataFrame, spread: float) -> list[str]:
    means = frame.groupby("participant")["duration_ms"].mean()
    logs = np.log(means[means > 0])
    if len(logs) < FEWEST_FOR_SPREAD:
        return []
    return chosen(logs < logs.mean() - spread * logs.std())


def chosen(people: pd.Series) -> list[str]:
    return [str(name) for name in people[people].index]
