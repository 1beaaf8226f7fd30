"""Whether one person or text decides what is claimed, in sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.analysis.material import TEXT, Material
from app.analysis.p_values import is_significant, shown_p
from app.analysis.statistics.leave_one_out import MOST_ROWS, REFITTED
from app.analysis.tidy import Key, Note, Statistic, by_key

Found = Sequence[Statistic | Note]
Values = dict[Key, dict[str, float]]
UNITS = {
    "participant": "person",
    TEXT: "text",
    "question": "question (with all its texts, as they have one rating each)",
}


def without_one(material: Material, found: Found) -> Iterator[str]:
    """Of all rows. A pair is claimed as everywhere: the test of all conditions stays as it is."""
    values = by_key(found, variant="all_rows")
    for unit, words in UNITS.items():
        mine = {key: one for key, one in values.items() if key.analysis == f"without_one_{unit}"}
        tested = [key for key in mine if not key.term and key.construct in material.constructs]
        if not tested:
            continue
        changed = [told for key in tested if (told := change(material, key, mine, values))]
        number = max(mine[key]["left_out"] for key in tested)
        lead = f"Each {words} was left out once (up to {number:.0f} of them)"
        if changed:
            yield f"{lead}. What linear mixed models claim depends on one: {'; '.join(changed)}."
        else:
            yield f"{lead}: no claim of the linear mixed models about a pair of conditions changes."
    if len(material.frame) > MOST_ROWS:
        yield (
            f"With more than {MOST_ROWS:,} ratings, no person or text was left out to see what changes: one "
            "of so many can hardly decide anything, and it would take long."
        )


def change(material: Material, key: Key, mine: Values, values: Values) -> str:
    """What is no longer claimed of a pair without somebody, or only then; nothing behind a closed gate."""
    model = "mixed_model_total" if material.covariates else "mixed_model"
    test = values.get(Key(f"{model}_test", key.variant, key.construct), {})
    if not mine[key]["changing"] or not is_significant(test.get("p_holm", 1.0)):
        return ""
    pair = replace(key, analysis=f"{model}_contrasts", term="")
    is_claimed = is_significant(values[pair]["p_gated"])
    whose, one = next(
        (other.term, figures)
        for other, figures in mine.items()
        if other.term and (other.construct, other.group1, other.group2) == place(key)
    )
    verb = "would not be said to differ" if is_claimed else "would be said to differ"
    more = f"; {mine[key]['changing']:.0f} such" if mine[key]["changing"] > 1 else ""
    return (
        f"{key.construct}: {key.group1} and {key.group2} {verb} {whose} (difference "
        f"{one['estimate_without']:.2f}, p (Holm) {shown_p(one['p_without'])}{more})"
    )


def place(key: Key) -> tuple[str, str, str]:
    return (key.construct, key.group1, key.group2)


def without_one_methods(found: Found) -> Iterator[str]:
    if any(isinstance(one, Statistic) and one.key.analysis.startswith("without_one_") for one in found):
        yield (
            "Whether single people or texts decide was asked of the linear mixed models not adjusted for "
            "length: pairs of conditions without each in turn, with the ratios of variances and the "
            "degrees of freedom held as they were estimated from all (Christensen, Pearson & Johnson 1992). "
            f"Without those that came nearest to changing a claim, {REFITTED} of each kind, the model was "
            "fitted anew. The test of all conditions was not repeated."
        )
