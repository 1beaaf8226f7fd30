"""Who is left out: by the rules that a study's plan holds, and by a researcher's hand; what each removes."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from app.analysis.material import VERSION, Removed
from app.contract.plan import Exclusions

FEWEST_FOR_SPREAD = 3
FAST = "standard deviations below the mean (of the logarithm of a person's mean time per page)"


NO_REASON = "no reason was asked for then"


def exclude_by_plans(
    frame: pd.DataFrame, plans: Mapping[int, Exclusions], constructs: Sequence[str]
) -> tuple[pd.Series, list[Removed]]:
    """Each version's rules on what was given under it; people are compared within those of equal rules."""
    marked = pd.Series(data=False, index=frame.index)
    removed = []
    groups = [
        [number for number in plans if plans[number] == rules] for rules in dict.fromkeys(plans.values())
    ]
    for numbers in groups:
        rows = frame[frame[VERSION].isin(numbers)]
        mine, found = exclude(rows, plans[numbers[0]], constructs)
        marked[mine.index] = mine
        words = f" (plan of version {', '.join(map(str, numbers))})" if len(groups) > 1 else ""
        removed += [Removed(one.rule + words, one.people, one.responses) for one in found]
    return marked, removed


def exclude_by_hand(
    frame: pd.DataFrame, reasons: Mapping[str, str | None]
) -> tuple[pd.Series, list[Removed]]:
    """Which rows are of people whom a researcher excluded (`reasons` by participant), and why, by reason."""
    marked = frame["participant"].isin(list(reasons))
    told = frame["participant"][marked].map(lambda name: reasons[name] or NO_REASON)
    removed = [
        Removed(str(reason), rows.nunique(), len(rows))
        for reason, rows in frame["participant"][marked].groupby(told)
    ]
    return marked, removed


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
