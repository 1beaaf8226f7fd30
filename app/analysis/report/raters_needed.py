"""How many raters of a text would do, in sentences: a decision study's numbers."""

from collections.abc import Iterator, Sequence

from app.analysis.material import TEXT, Material
from app.analysis.statistics.decision_study import TARGET
from app.analysis.tidy import Note, Statistic, by_key

Found = Sequence[Statistic | Note]
GOAL = f"{TARGET:g}".removeprefix("0")


def raters_needed(material: Material, found: Found) -> Iterator[str]:
    """Of each construct that has a model."""
    needs = {key.construct: one for key, one in by_key(found, analysis="d_study_need").items()}
    mine = {name: needs[name] for name in material.constructs if name in needs}
    unit = TEXT if TEXT in material.factors else "question"
    enough = [
        f"about {one['raters_absolute']:.0f} for {name} ({one['raters_relative']:.0f} if the same people "
        f"rate all {unit}s)"
        for name, one in mine.items()
        if "raters_absolute" in one
    ]
    if enough:
        here = len(material.frame) / material.frame[unit].nunique()
        yield (
            f"The mean rating of a {unit} is the more reliable the more raters it has. For a reliability of "
            f"{GOAL}, each {unit} would need {', '.join(enough)}; here it has {here:.1f} on average."
            f"{whose(unit)}"
        )
    never = [name for name, one in mine.items() if "raters_absolute" not in one]
    if never:
        yield (
            f"More raters alone cannot reach a reliability of {GOAL} of a {unit}'s mean for "
            f"{', '.join(never)}: {unit}s are not told apart, as their variance is estimated as zero."
        )


def whose(unit: str) -> str:
    if unit == TEXT:
        return ""
    return (
        " As texts have one rating each, this is of a question in all its conditions: a text's own part "
        "cannot be told from error."
    )


def raters_methods(found: Found) -> Iterator[str]:
    if any(one.key.analysis == "d_study_need" and isinstance(one, Statistic) for one in found):
        yield (
            "How reliable means of several raters are was computed from the variances of the linear mixed "
            "models that are not adjusted for length (a decision study: Brennan 2001): absolute, where each "
            "text has raters of its own, and relative, where the same people rate all. What a person thinks "
            "of a condition counts as error in both. Differences between conditions are no part of it."
        )
