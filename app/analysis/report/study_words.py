"""What a report says of the study it is of: that it is not final, its versions, and how its plan changed."""

from collections.abc import Iterator, Sequence

from app.analysis.material import VERSION, Material
from app.analysis.report.words import listed
from app.analysis.versions import VersionPart

PARTS = {
    "reference": "the reference condition",
    "primary": "the primary constructs",
    "exclude": "the exclusion rules",
    "smallest_effect_of_interest": "the smallest effect of interest",
}


def standing(material: Material) -> Iterator[str]:
    """That people can still take part, and how much of what is asked for is there."""
    one = material.standing
    if one is None:
        return
    now = "people can still take part" if one.status == "live" else f"it is {one.status} and may go on"
    each = counted(one.asked // max(1, one.texts), "response")
    people = counted(one.people, "person", "people")
    yield (
        f"This report is not final: the study is not closed, and {now}. Version {one.version} asks for "
        f"{one.asked} responses ({one.texts} texts, {each} each); {one.given} have been "
        f"given, by {people}, where about {one.needed} are needed; {one.full} of the {one.texts} "
        "texts have all of theirs. Who decides by such a report whether to go on makes p-values too small "
        "and effects too large."
    )


def versions_and_plan(material: Material) -> Iterator[str]:
    yield from versions_told(material.versions)
    yield from not_in_all(material)
    for one in material.plan.changes:
        yield (
            "The plan of analysis changed after data had come: version "
            f"{one.version}, launched on {one.at:%Y-%m-%d} when there were "
            f"{counted(one.responses, 'response')}, changed {listed([PARTS[part] for part in one.parts])}."
        )


def versions_told(versions: Sequence[VersionPart]) -> Iterator[str]:
    """Which versions the figures are of, and why others are left out; nothing where there is one."""
    analysed = [one for one in versions if one.is_analysed]
    others = [one for one in versions if not one.is_analysed]
    differing = [one for one in analysed if one.differs]
    if differing:
        yield (
            f"{capital(in_words(analysed))} are analysed together, as was asked for, although "
            f"{and_so_on(differing, analysed[-1])}. No model has a term for the version. Everybody took part "
            "in one, so where people rated several conditions, their own intercepts take up what shifts all "
            "ratings of a version. Whether conditions differ otherwise in each version is what pooling puts "
            "at risk, and a term for the version would not show it: the report of each version does "
            "(--versions N)."
        )
    elif len(analysed) > 1:
        yield (
            f"{capital(in_words(analysed))} are analysed together: people were asked the same, and wherever "
            "both show a question in a condition, they show the same text."
        )
    if others:
        yield (
            f"This report is of {in_words(analysed)} alone. Left out: {in_words(others)}. "
            f"{capital(and_so_on(others, analysed[-1]))}. Ratings of other texts, or that were asked for "
            "otherwise, are put together only if somebody asks for it (--versions all), and those on other "
            f"scales never; --versions {others[-1].number} writes the report of version {others[-1].number}."
        )


def not_in_all(material: Material) -> Iterator[str]:
    """Conditions that some versions have no ratings in, where versions that differ are put together."""
    if not any(one.is_analysed and one.differs for one in material.versions):
        return
    everywhere = material.frame[VERSION].nunique()
    for condition, rows in material.frame.groupby("condition", observed=True):
        numbers = sorted(rows[VERSION].unique())
        if len(numbers) < everywhere:
            yield (
                f"{condition} was rated in version{'s' * (len(numbers) > 1)} {listed([*map(str, numbers)])} "
                "alone, so a difference between versions may pass for one between this condition and others."
            )


def in_words(versions: Sequence[VersionPart]) -> str:
    """The versions with how much each has."""
    numbers = [
        f"{one.number} ({counted(one.responses, 'response')} of {counted(one.people, 'person', 'people')})"
        for one in versions
    ]
    return f"version{'s' * (len(versions) > 1)} {listed(numbers)}"


def capital(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def and_so_on(versions: Sequence[VersionPart], newest: VersionPart) -> str:
    parts = (
        f"version {one.number} differs from version {newest.number} in {listed(one.differs)}"
        for one in versions
    )
    return "; ".join(parts)


def counted(number: int, noun: str, many: str = "") -> str:
    return f"{number} {noun if number == 1 else many or noun + 's'}"
