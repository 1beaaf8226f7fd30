"""What a report says of its data before it says what was found."""

from app.analysis.report.words import clustering
from app.analysis.tidy import Key, Statistic


def at_zero(analysis: str, term: str, value: float, variant: str = "all_rows") -> Statistic:
    return Statistic(Key(analysis, variant, "Clarity", term=term), "is_at_zero", None, value)


def test_intercepts_that_were_left_out_are_named_in_words() -> None:
    found = [
        at_zero("clmm", "participant_condition", 1),
        at_zero("clmm", "question", 0),
        at_zero("mixed_model_total", "question", 1),
        at_zero("mixed_model", "question", 1, "no_outliers"),
        at_zero("clmm_plain", "question", 1),
    ]
    [sentence] = clustering(found)
    assert sentence == (
        "Variances estimated as zero, whose intercepts were left out: participant × condition (Clarity, "
        "cumulative link mixed model), question (Clarity, linear mixed model not adjusted for length)."
    )
