"""What an experiment's figures say, in sentences; where the outlier rule turns a conclusion, they say so."""

from collections import Counter
from collections.abc import Iterator, Sequence

from app.analysis.accuracy.anova import Anova, Term
from app.analysis.accuracy.comparing import Analysis, Comparison
from app.analysis.accuracy.pairs import Pair
from app.analysis.accuracy.runs import Run
from app.analysis.p_values import is_significant, p_words


def sentences(found: Comparison) -> Iterator[str]:
    """Everything the report says, the conclusion first."""
    yield conclusion(found.everything, found.trimmed)
    yield outlier_sentence(found.everything.runs, found.left_out, found.extreme)
    yield from anova_sentences(found.everything, found.trimmed)
    yield from pair_sentences(found.everything, found.trimmed)
    yield from repetition_sentences(found.everything.runs)
    if found.ignored:
        yield (
            f"{found.ignored} runs of conditions that the paper does not compare (MT and CF on revised "
            "explanations) are left out; --all-conditions takes them in."
        )


def outlier_sentence(runs: Sequence[Run], left_out: Sequence[Run], extreme: Sequence[Run]) -> str:
    if not left_out:
        return (
            f"The rule of 1.5 interquartile ranges finds no outlier among the {len(runs)} runs, "
            "so both versions are the same."
        )
    share = 100 * len(left_out) / len(runs)
    named = "; ".join(
        f"{run.condition} {run.size} run {run.number} ({run.accuracy:.2f} %)" for run in left_out
    )
    return (
        f"The rule of 1.5 interquartile ranges, within each condition and size, leaves out {len(left_out)} "
        f"of {len(runs)} runs ({share:.0f} %), {len(extreme)} of them extreme (3 interquartile ranges): "
        f"{named}."
    )


def repetition_sentences(runs: Sequence[Run]) -> Iterator[str]:
    """Yield the run numbers that a cell has more than once; nothing says which of them to drop."""
    for (condition, size, number), count in Counter(
        (run.condition, run.size, run.number) for run in runs
    ).items():
        if count > 1:
            yield f"{condition} {size} has {count} runs numbered {number}; all of them are used."


def anova_sentences(everything: Analysis, trimmed: Analysis) -> Iterator[str]:
    """Each effect (type II) in both versions, and whether they agree."""
    second = terms(trimmed)
    for name, term in terms(everything).items():
        said = f"Effect of {name}: with all runs {f_words(term)}"
        other = second.get(name)
        if other is None:
            yield f"{said}; without outliers it cannot be computed."
        else:
            end = agreement(is_significant(term.p), is_significant(other.p))
            yield f"{said}; without outliers {f_words(other)}. {end}"


def terms(analysis: Analysis) -> dict[str, Term]:
    found = analysis.anovas["II"]
    return {term.name: term for term in found.terms} if isinstance(found, Anova) else {}


def f_words(term: Term) -> str:
    return f"F({term.df}, {term.df_error}) = {term.f:.2f}, {p_words(term.p)}"


def agreement(is_first: bool, is_second: bool) -> str:  # noqa: FBT001  # the two verdicts, side by side
    if is_first == is_second:
        return "Both versions agree."
    found = "without outliers" if is_second else "with all runs"
    return f"The conclusion hangs on the outlier rule: there is an effect only {found}."


def pair_sentences(everything: Analysis, trimmed: Analysis) -> Iterator[str]:
    """Yield the pairs (Tukey) whose verdict the outlier rule turns; one sentence if there is none."""
    both, lost = in_both(everything, trimmed)
    turned = [(pair, other) for pair, other in both if verdict(pair) != verdict(other)]
    for pair, other in turned:
        yield (
            f"At {pair.size}, {pair.second} against {pair.first}: {pair_words(pair)} with all runs, "
            f"but {pair_words(other)} without outliers."
        )
    if lost:
        yield (
            f"{lost} of {len(everything.pairs)} pairwise comparisons (Tukey HSD) cannot be computed without "
            "outliers, so nothing says whether the outlier rule changes them."
        )
    if both and not turned:
        which = "No other" if lost else "No"
        yield f"{which} pairwise comparison (Tukey HSD) changes its verdict with the outlier rule."


def in_both(everything: Analysis, trimmed: Analysis) -> tuple[list[tuple[Pair, Pair]], int]:
    """The pairs that can be computed in both versions, and how many cannot without outliers."""
    second = {(pair.size, pair.first, pair.second): pair for pair in trimmed.pairs}
    found = [(pair, second.get((pair.size, pair.first, pair.second))) for pair in everything.pairs]
    both = [(pair, other) for pair, other in found if other is not None]
    return both, len(found) - len(both)


def verdict(pair: Pair) -> int:
    """-1, 0 or 1: the second is lower, not told apart, higher."""
    return 0 if not is_significant(pair.p) else 1 if pair.difference > 0 else -1


def pair_words(pair: Pair) -> str:
    told = {-1: "lower", 0: "no difference that can be told", 1: "higher"}[verdict(pair)]
    return f"{told} ({pair.difference:+.2f}, {p_words(pair.p)})"


def conclusion(everything: Analysis, trimmed: Analysis) -> str:
    """Whether the two versions come to the same conclusion; what one of them lacks is named apart."""
    first, second = terms(everything), terms(trimmed)
    both, lost_pairs = in_both(everything, trimmed)
    turned = things(
        [name for name in first if name in second and is_turned(first[name], second[name])],
        sum(verdict(pair) != verdict(other) for pair, other in both),
        len(everything.pairs),
    )
    lost = things([name for name in first if name not in second], lost_pairs, len(everything.pairs))
    cannot = f" What cannot be computed without outliers: {' and '.join(lost)}." if lost else ""
    if turned:
        named = " and on ".join(turned)
        return f"The outlier rule turns the conclusion on {named}: report both versions.{cannot}"
    if lost:
        return f"Where both can be computed, the analyses with and without outliers agree.{cannot}"
    return "With and without outliers the analysis comes to the same conclusions."


def is_turned(term: Term, other: Term) -> bool:
    return is_significant(term.p) != is_significant(other.p)


def things(effects: Sequence[str], pairs: int, most: int) -> list[str]:
    """Effects and pairwise comparisons as parts of a sentence; nothing of what there is none of."""
    named = [f"the effect of {', '.join(effects)}"] if effects else []
    return named + ([f"{pairs} of {most} pairwise comparisons"] if pairs else [])
