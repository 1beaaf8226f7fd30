"""Whether odds are proportional, and how conditions differ at each threshold where they need not be."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from app.analysis.material import Material
from app.analysis.statistics.base import Undefined, in_families
from app.analysis.statistics.nominal import cut_differences, pair_shapes
from app.analysis.statistics.proportional import NominalTest
from app.analysis.tidy import Key, Note, Statistic, tidy

Found = Iterator[Statistic | Note]
Tests = Mapping[str, NominalTest | Undefined]
BOUNDED = "thresholds with a bound"


def proportional_odds(material: Material, variant: str, tests: Tests, name: str = "clmm_nominal") -> Found:
    """Of each construct with a cumulative model; a pair is behind two gates, as everywhere."""
    adjusted = corrected(material, tests)
    for construct, one in tests.items():
        key = Key(name, variant, construct)
        yield from nominal_tests(replace(key, analysis=f"{name}_test"), one, adjusted.get(construct))
        if isinstance(one, Undefined):
            continue
        yield from tidy(key, one.model)
        yield from tidy(replace(key, analysis=f"{name}_differences"), cut_differences(one.model))
        for pair in pair_shapes(one.model):
            place = replace(key, analysis=f"{name}_pairs", group1=pair.group1, group2=pair.group2)
            yield from tidy(place, pair)
            yield Statistic(place, "p_gated", None, max(pair.p_holm, adjusted[construct]))


def nominal_tests(key: Key, one: NominalTest | Undefined, p_holm: float | None) -> Found:
    """The test of all thresholds; beside it, where some have no bound, that of the others, and why."""
    if isinstance(one, Undefined):
        yield from tidy(key, one)
        return
    yield from tidy(key, one.test)
    if p_holm is not None:
        yield Statistic(key, "p_holm", one.test.n, p_holm)
    if one.unbounded:
        yield Note(key, one.unbounded)
        yield from tidy(replace(key, term=BOUNDED), one.bounded)


def corrected(material: Material, tests: Tests) -> dict[str, float]:
    """Holm's correction over the constructs; one without a test stays in its family."""
    p_values = {
        name: None if isinstance(one := tests.get(name), Undefined) or one is None else one.test.p
        for name in material.constructs
    }
    return in_families(p_values, material.primary)
