"""What must hold for any ratings: order of rows, reference, direction of the scale; and odd data."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.statistics.agreement import Level, alpha, alphas, component_icc, one_way_icc
from app.analysis.statistics.association import correlations, cronbach
from app.analysis.statistics.base import Undefined, bonferroni, groups, holm, in_families
from app.analysis.statistics.contrasts import condition_model, condition_tests, contrasts, odds_ratios
from app.analysis.statistics.cumulative import cumulative_model
from app.analysis.statistics.describe import describe, fences, levene, shapiro
from app.analysis.statistics.effects import superiority
from app.analysis.statistics.linear import linear_model
from app.analysis.statistics.mixed import MixedModel, mixed_condition_test, mixed_model
from app.analysis.statistics.paired import paired
from app.analysis.statistics.ranks import dunn, kruskal
from tests.analysis.statistics.made import make_ratings

FACTORS = ["participant", "question"]
Statistic = Callable[[pd.DataFrame], Any]
EVERY: dict[str, Statistic] = {
    "describe": lambda frame: [describe(values) for values in groups(frame, "clarity").values()],
    "shapiro": lambda frame: [shapiro(values) for values in groups(frame, "clarity").values()],
    "fences": lambda frame: [fences(values) for values in groups(frame, "clarity").values()],
    "levene": lambda frame: levene(groups(frame, "clarity").values()),
    "kruskal": lambda frame: kruskal(frame, "clarity"),
    "dunn": lambda frame: dunn(frame, "clarity"),
    "superiority": lambda frame: superiority(frame, "clarity"),
    "correlations": lambda frame: correlations(frame, ("clarity", "use")),
    "cronbach": lambda frame: cronbach(frame, ("clarity", "use")),
    "linear": lambda frame: linear_model(frame, "clarity", ["explanation_length"]),
    "mixed": lambda frame: mixed_model(frame, "clarity", FACTORS, ["explanation_length"]),
    "mixed test": lambda frame: mixed_condition_test(frame, "clarity", FACTORS),
    "cumulative": lambda frame: condition_model(frame, "clarity", FACTORS, []),
    "paired": lambda frame: paired(frame, "clarity"),
    "alpha": lambda frame: alpha(frame, "clarity", ["question", "condition"], "ordinal"),
    "one-way": lambda frame: one_way_icc(frame, "clarity", "participant"),
    "components": lambda frame: component_icc(frame, "clarity"),
}


def one_condition(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["condition"] == "a"]


ODD: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "no rows": lambda frame: frame.head(0),
    "one row": lambda frame: frame.head(1),
    "two rows": lambda frame: frame.head(2),
    "one condition": one_condition,
    "one participant": lambda frame: frame[frame["participant"] == "p0"],
    "one question": lambda frame: frame[frame["question"] == "q0"],
    "all the same": lambda frame: frame.assign(clarity=4, use=4),
    "same within conditions": lambda frame: frame.assign(clarity=frame["condition"].cat.codes + 1),
    "same within people": lambda frame: frame.assign(
        clarity=frame["participant"].str[1:].astype(int) % 5 + 1
    ),
    "one condition constant": lambda frame: frame.assign(
        clarity=frame["clarity"].where(frame["condition"] != "b", 5)
    ),
    "none given": lambda frame: frame.assign(clarity=np.nan),
    "some missing": lambda frame: frame.assign(clarity=frame["clarity"].where(frame.index % 3 != 0)),
    "two people": lambda frame: frame[frame["participant"].isin(["p0", "p1"])],
    "single ratings": lambda frame: frame.drop_duplicates("participant"),
    "an empty cell": lambda frame: frame[(frame["condition"] != "c") | (frame["participant"] == "p3")],
}


def sensible(found: Any) -> None:
    """Numbers that are numbers, or sentences; probabilities between 0 and 1."""
    if isinstance(found, Undefined):
        assert found.reason.endswith(".")
    elif is_dataclass(found):
        for field in fields(found):
            value = getattr(found, field.name)
            if isinstance(value, float):
                assert isfinite(value) or field.name in {"statistic", "t", "F"}, (found, field.name)
                assert not field.name.startswith("p_") or 0 <= value <= 1
            sensible(value)
    elif isinstance(found, dict):
        sensible(list(found.values()))
    elif isinstance(found, list | tuple):
        for one in found:
            sensible(one)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("statistic", EVERY)
def test_odd_data_give_a_sentence_or_a_number_and_never_a_crash(statistic: str, odd: str) -> None:
    sensible(EVERY[statistic](ODD[odd](make_ratings(people=10))))


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_small_studies_of_any_shape_give_sentences_or_numbers(seed: int) -> None:
    chance = np.random.default_rng(seed)
    people, questions, conditions, n = (int(x) for x in chance.integers(1, [9, 9, 5, 60]))
    shares = chance.dirichlet(np.full(5, chance.choice([0.2, 1, 5])))
    frame = pd.DataFrame(
        {
            "participant": chance.integers(0, people, n),
            "question": chance.integers(0, questions, n),
            "condition": pd.Categorical(
                chance.choice(list("abcd")[:conditions], n), list("abcd")[:conditions]
            ),
            "clarity": 1.0 + chance.choice(5, n, p=shares),
            "use": 1.0 + chance.choice(5, n, p=shares),
            "explanation_length": chance.integers(20, 500, n).astype(float),
        }
    )
    for statistic in EVERY.values():
        sensible(statistic(frame))


def test_what_cannot_be_computed_says_why() -> None:
    frame = make_ratings(people=10)
    for statistic in ("kruskal", "dunn", "superiority", "levene", "cumulative"):
        found = EVERY[statistic](one_condition(frame))
        assert isinstance(found, Undefined)
        assert "fewer than two conditions" in found.reason
    constant = EVERY["cumulative"](frame.assign(clarity=4))
    assert isinstance(constant, Undefined)
    assert "the same" in constant.reason


def figures(found: Any) -> list[float]:
    """Every number of a result, in order."""
    if is_dataclass(found):
        return [x for field in fields(found) for x in figures(getattr(found, field.name))]
    if isinstance(found, dict):
        return [x for key in sorted(found) for x in figures(found[key])]
    if isinstance(found, list | tuple):
        return [x for one in found for x in figures(one)]
    if isinstance(found, np.ndarray):
        return [float(x) for x in found.ravel()]
    return [float(found)] if isinstance(found, int | float) else []


@pytest.mark.parametrize("statistic", [name for name in EVERY if name != "alpha"])
@settings(max_examples=5)
@given(seed=st.integers(0, 1000))
def test_the_order_of_rows_changes_nothing(statistic: str, seed: int) -> None:
    frame = make_ratings(3, people=12)
    shuffled = frame.sample(frac=1, random_state=seed)
    first, second = figures(EVERY[statistic](frame)), figures(EVERY[statistic](shuffled))
    assert second == pytest.approx(first, rel=1e-4, abs=1e-6)


def test_the_reference_changes_coefficients_but_not_the_model() -> None:
    frame = make_ratings(3)
    turned = frame.assign(condition=frame["condition"].cat.reorder_categories(["c", "a", "b"]))
    for fit in (
        lambda rows: mixed_model(rows, "clarity", FACTORS, method="ML"),
        lambda rows: cumulative_model(rows, "clarity", FACTORS),
    ):
        one, two = fit(frame), fit(turned)
        assert not isinstance(one, Undefined)
        assert not isinstance(two, Undefined)
        assert one.loglik == pytest.approx(two.loglik, abs=1e-7)
        a_to_b = contrasts(one, ["a", "b", "c"])[0]
        (same,) = [x for x in contrasts(two, ["c", "a", "b"]) if (x.group1, x.group2) == ("a", "b")]
        assert same.estimate == pytest.approx(a_to_b.estimate, abs=1e-5)
        assert same.se == pytest.approx(a_to_b.se, rel=1e-4)


def test_turning_the_scale_round_turns_the_signs() -> None:
    frame = make_ratings(3)
    turned = frame.assign(clarity=6 - frame["clarity"])
    one, two = (condition_model(rows, "clarity", FACTORS, []) for rows in (frame, turned))
    assert not isinstance(one, Undefined)
    assert not isinstance(two, Undefined)
    assert two.test.chi2 == pytest.approx(one.test.chi2, abs=1e-6)
    slopes = [[x.estimate for x in found.model.coefficients[4:]] for found in (one, two)]
    assert slopes[0] == pytest.approx([-x for x in slopes[1]], abs=1e-5)
    thresholds = [[x.estimate for x in found.model.coefficients[:4]] for found in (one, two)]
    assert thresholds[0] == pytest.approx([-x for x in reversed(thresholds[1])], abs=1e-5)
    ranks = [dunn(rows, "clarity") for rows in (frame, turned)]
    effects = [superiority(rows, "clarity") for rows in (frame, turned)]
    for before, after in zip(*ranks, strict=True):
        assert before.z == pytest.approx(-after.z)
    for first, second in zip(*effects, strict=True):
        assert first.delta == pytest.approx(-second.delta)
        assert first.A_low == pytest.approx(1 - second.A_high)


def test_a_covariate_and_its_interaction_can_be_tested() -> None:
    frame = make_ratings(3)
    plain = cumulative_model(frame, "clarity", FACTORS, ["answer_correct"])
    both = cumulative_model(frame, "clarity", FACTORS, ["answer_correct"], interaction="answer_correct")
    assert not isinstance(plain, Undefined)
    assert not isinstance(both, Undefined)
    assert [x.term for x in both.coefficients[4:]] == [
        "b",
        "c",
        "answer_correct",
        "b × answer_correct",
        "c × answer_correct",
    ]
    assert both.loglik >= plain.loglik


def test_tests_of_several_constructs_are_corrected_together() -> None:
    """One that cannot be tested stays in the family, as if its p-value were 1."""
    tests = condition_tests(make_ratings(3).assign(flat=3), ["clarity", "use", "flat"], FACTORS)
    found = [one for one in tests.values() if not isinstance(one, Undefined)]
    assert [name for name, one in tests.items() if isinstance(one, Undefined)] == ["flat"]
    assert [one.p_holm for one in found] == holm([*(one.test.p for one in found), 1.0])[:2]
    ratios = odds_ratios(contrasts(found[0].model, ["a", "b", "c"]))
    assert all(one.odds_ratio_low < one.odds_ratio < one.odds_ratio_high for one in ratios)


def test_primary_outcomes_are_a_family_of_their_own_and_none_shrinks() -> None:
    p_values = {"a": 0.01, "b": 0.02, "c": 0.03, "d": None}
    assert in_families(p_values) == pytest.approx({"a": 0.04, "b": 0.06, "c": 0.06})
    assert in_families(p_values, ["b"]) == pytest.approx({"a": 0.03, "b": 0.02, "c": 0.06})
    assert in_families(p_values, ["b", "d"]) == pytest.approx({"a": 0.02, "b": 0.04, "c": 0.03})


def test_holm_and_bonferroni_are_those_of_r() -> None:
    """p.adjust(c(.02, .01, .04, .005, .03, 1), …)."""
    p_values = [0.02, 0.01, 0.04, 0.005, 0.03, 1.0]
    assert holm(p_values) == pytest.approx([0.08, 0.05, 0.09, 0.03, 0.09, 1.0])
    assert bonferroni(p_values) == pytest.approx([0.12, 0.06, 0.24, 0.03, 0.18, 1.0])
    assert holm([]) == bonferroni([]) == []


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_the_p_value_and_bonferroni(p_values: list[float]) -> None:
    for p, fewer, many in zip(p_values, holm(p_values), bonferroni(p_values), strict=True):
        assert p <= fewer <= many <= 1


# Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, part E: four observers, twelve units.
OBSERVED = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)


@pytest.mark.parametrize("level,published", [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_that_of_krippendorffs_own_example(level: Level, published: float) -> None:
    rows = [
        {"unit": unit, "participant": number, "y": float(value), "condition": "a"}
        for number, observer in enumerate(OBSERVED)
        for unit, value in enumerate(observer.split())
        if value != "."
    ]
    found = alpha(pd.DataFrame(rows).astype({"condition": "category"}), "y", ["unit"], level)
    assert not isinstance(found, Undefined)
    assert (found.n, found.units, found.raters) == (40, 11, 4)
    assert type(found.alpha) is float  # a file of figures holds its repr
    assert found.alpha == pytest.approx(published, abs=5e-4)


@given(st.lists(st.lists(st.integers(1, 5), min_size=2, max_size=4), min_size=4, max_size=20))
def test_alpha_is_that_of_the_pairs_counted_one_by_one(units: list[list[int]]) -> None:
    rows = [(n, person, y) for n, given in enumerate(units) for person, y in enumerate(given)]
    frame = pd.DataFrame(rows, columns=["unit", "participant", "y"])
    frame["condition"] = pd.Categorical(["a"] * len(frame))
    levels = np.unique(frame["y"].to_numpy(np.float64))
    table = np.zeros((len(levels), len(levels)))
    for given_ratings in units:
        for i, x in enumerate(given_ratings):
            for j, y in enumerate(given_ratings):
                if i != j:
                    at = np.searchsorted(levels, [x, y])
                    table[at[0], at[1]] += 1 / (len(given_ratings) - 1)
    for level in ("nominal", "ordinal", "interval"):
        found = alpha(frame, "y", ["unit"], level)
        if isinstance(found, Undefined):
            assert len(levels) == 1
        else:
            assert alphas(table[None], levels, level)[0] == pytest.approx(found.alpha, abs=1e-9)


def test_the_interval_of_alpha_knows_that_raters_are_a_sample_too() -> None:
    """Six people who differ in severity rate 100 texts. The truth is that of 600 people and 6,000 texts.

    Samples of texts alone covered it in about half of such studies.
    """
    chance, inside = np.random.default_rng(5), 0
    text, rater = np.repeat(np.arange(100), 6), np.tile(np.arange(6), 100)
    for _ in range(60):
        levels = chance.normal(0, 0.8, 100)[text] + chance.normal(0, 1.5, 6)[rater]
        y = np.searchsorted([-1.8, -0.63, 0.36, 1.62], levels + chance.logistic(size=600))
        frame = pd.DataFrame({"text": text, "participant": rater, "y": y.astype(float), "condition": "a"})
        found = alpha(frame.astype({"condition": "category"}), "y", ["text"], "ordinal")
        assert not isinstance(found, Undefined)
        assert found.low is not None
        assert found.high is not None
        inside += found.low < 0.0965 < found.high
    assert inside >= 51


@pytest.mark.parametrize(
    "given_ratings",
    [
        [(1, 1), (2, 2), (3, 3), (4, 4)],  # all agree
        [(1, 1), (2, 2), (3, 4)],  # without the third all agree
        [(1, 2), (2, 3)],  # two texts
    ],
)
def test_alpha_has_no_interval_where_nothing_says_how_it_varies(given_ratings: list[tuple[int, int]]) -> None:
    rows = [(n, n + place, y) for n, pair in enumerate(given_ratings) for place, y in enumerate(pair)]
    frame = pd.DataFrame(rows, columns=["text", "participant", "y"]).astype({"y": float})
    frame["condition"] = pd.Categorical(["a"] * len(frame))
    found = alpha(frame, "y", ["text"], "ordinal")
    assert not isinstance(found, Undefined)
    assert (found.low, found.high) == (None, None)


def test_the_interval_of_a_covers_the_truth_as_often_as_it_says() -> None:
    """A of two normals 0.5 sd apart is 0.638; 95 % intervals in 400 samples of 40 and 60."""
    chance, inside = np.random.default_rng(11), 0
    for _ in range(400):
        values = np.concatenate([chance.normal(0.5, 1, 40), chance.normal(0, 1, 60)])
        frame = pd.DataFrame({"y": values, "condition": pd.Categorical(["a"] * 40 + ["b"] * 60)})
        found = superiority(frame, "y")
        assert not isinstance(found, Undefined)
        low, high = found[0].A_low, found[0].A_high
        assert low is not None
        assert high is not None
        inside += low < 0.63816 < high
    assert 0.92 <= inside / 400 <= 0.98


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_the_mixed_model_is_the_dense_one(method: str) -> None:
    """The likelihood written with the full covariance matrix of the ratings, at and around the estimates."""
    frame = make_ratings(3, people=10)
    found = mixed_model(frame, "clarity", FACTORS, ["explanation_length"], method=method)  # type: ignore[arg-type]
    assert isinstance(found, MixedModel)
    codes = frame["condition"].cat.codes.to_numpy()
    x = np.column_stack([np.ones(len(frame)), codes == 1, codes == 2, frame["explanation_length"]]).astype(
        float
    )
    y = frame["clarity"].to_numpy(np.float64)
    z = {name: pd.get_dummies(frame[name]).to_numpy(np.float64) for name in FACTORS}

    def dense(variances: dict[str, float]) -> tuple[float, Any, Any]:
        v = variances["residual"] * np.eye(len(y)) + sum(
            variances[name] * z[name] @ z[name].T for name in FACTORS
        )
        inverse = np.linalg.inv(v)
        covariance = np.linalg.inv(x.T @ inverse @ x)
        beta = covariance @ x.T @ inverse @ y
        rest = y - x @ beta
        value = np.linalg.slogdet(v)[1] + rest @ inverse @ rest + len(y) * np.log(2 * np.pi)
        if method == "REML":
            value -= np.linalg.slogdet(covariance)[1] + x.shape[1] * np.log(2 * np.pi)
        return -float(value) / 2, beta, covariance

    value, beta, covariance = dense(found.variances)
    assert found.loglik == pytest.approx(value, rel=1e-10)
    assert [one.estimate for one in found.coefficients] == pytest.approx(list(beta), rel=1e-8)
    assert [one.se for one in found.coefficients] == pytest.approx(
        list(np.sqrt(np.diag(covariance))), rel=1e-8
    )
    for seed in range(50):
        factors = np.exp(np.random.default_rng(seed).normal(0, 0.1, 3))
        away = {name: v * f for (name, v), f in zip(found.variances.items(), factors, strict=True)}
        assert dense(away)[0] <= found.loglik + 1e-9
