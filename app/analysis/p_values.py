"""How a p-value is judged and written, in every report and figure."""

from app.analysis.statistics.base import ALPHA

SMALL = 1e-3  # a p below is only said to be below


def is_significant(p: float) -> bool:
    return p < ALPHA


def shown_p(p: float) -> str:
    """In a table's cell."""
    return f"{p:.3f}" if p >= SMALL else "< .001"


def p_words(p: float) -> str:
    """In a sentence."""
    text = shown_p(p)
    return f"p {text}" if text.startswith("<") else f"p = {text.removeprefix('0')}"


def holm_words(p: float) -> str:
    """Of a corrected p in a sentence, under the name that tables have for it."""
    return p_words(p).replace("p", "p (Holm)", 1)


def interval_words(low: float, high: float) -> str:
    return f"95 % interval [{low:.2f}, {high:.2f}]"
