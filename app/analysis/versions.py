"""Which versions of a study are analysed together: those that asked the same and showed the same texts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contract.study import StudyDefinition
from app.errors import Conflict, Invalid
from app.models import Condition, Item, StudyVersion

ALL = "all"
COUNTING = ("active", "dropped", "completed")
# What people see and do beside the texts and the scales, in words for a list.
ASKED: dict[str, Callable[[StudyDefinition], object]] = {
    "the order of the constructs": lambda study: [construct.key for construct in study.constructs],
    "the constructs’ statements": lambda study: {one.key: one.statement for one in study.constructs},
    "the constructs’ help": lambda study: {one.key: one.help for one in study.constructs},
    "whether the constructs’ order is fixed": lambda study: study.design.construct_order,
    "the language": lambda study: study.language,
    "the instructions": lambda study: study.pages.instructions,
    "the practice": lambda study: study.practice,
    "the comprehension check": lambda study: study.comprehension,
    "the attention checks": lambda study: study.attention,
    "whether people answer first": lambda study: study.own_answer,
    "whether a comment is asked for": lambda study: study.comment,
    "how many conditions a person rates": lambda study: study.conditions_per_participant,
    "how many texts of a condition a person rates": lambda study: study.design.items_per_condition,
    "the order of the texts": lambda study: study.design.order,
}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A version as people saw it. `texts`: hashes of all that was shown, by condition, then question."""

    number: int
    version_id: int
    definition: StudyDefinition
    sources: Mapping[str, str]
    texts: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class VersionPart:
    """What a version that was rated in has to do with a report. `differs`: from the newest one in it."""

    number: int
    people: int
    responses: int
    is_analysed: bool
    differs: tuple[str, ...] = ()


def as_shown(session: Session, versions: Sequence[StudyVersion]) -> list[Shown]:
    found: dict[int, dict[str, dict[str, str]]] = {one.id: {} for one in versions}
    sources: dict[int, dict[str, str]] = {one.id: {} for one in versions}
    statement = (
        select(Item.version_id, Condition.key, Condition.source, Item.question_key, Item.sha256)
        .join(Condition, Condition.id == Item.condition_id)
        .where(Item.version_id.in_(list(found)))
    )
    for version_id, condition, source, question, sha256 in session.execute(statement):
        found[version_id].setdefault(condition, {})[question] = sha256
        sources[version_id][condition] = source
    return [
        Shown(
            number=one.number,
            version_id=one.id,
            definition=StudyDefinition.model_validate(one.definition),
            sources=sources[one.id],
            texts=found[one.id],
        )
        for one in versions
    ]


def chosen(rated: Sequence[Shown], asked: str = "") -> tuple[Shown, ...]:
    """The versions that one report is about, oldest first; of those that somebody rated in.

    `asked`: a number, "all", or nothing for the newest; with a version come those that are like it.
    Raises: Invalid for a version nobody rated in; Conflict for all versions if their scales differ.
    """
    if asked == ALL:
        refuse_other_scales(rated)
        return tuple(rated)
    first = numbered(rated, asked) if asked else rated[-1]
    found = [first]
    for one in reversed(rated):
        if one is not first and not any(differ(one, other) for other in found):
            found.append(one)
    return tuple(sorted(found, key=lambda one: one.number))


def kinds(rated: Sequence[Shown]) -> list[tuple[Shown, ...]]:
    """All versions in groups that can be analysed together, the newest first."""
    found, rest = [], list(rated)
    while rest:
        group = chosen(rest)
        found.append(group)
        rest = [one for one in rest if one not in group]
    return found


def numbered(rated: Sequence[Shown], asked: str) -> Shown:
    for one in rated:
        if str(one.number) == asked:
            return one
    known = ", ".join(str(one.number) for one in rated)
    raise Invalid(f"Nobody has rated anything in version '{asked}'. There are ratings in: {known}.")


def refuse_other_scales(rated: Sequence[Shown]) -> None:
    for one in rated[:-1]:
        if changed := list(scale_differences(one.definition, rated[-1].definition)):
            raise Conflict(
                f"Versions {one.number} and {rated[-1].number} cannot be analysed together, because they "
                f"differ in {' and '.join(changed)}. Choose one of them."
            )


def differ(one: Shown, other: Shown) -> bool:
    return next(differences(one, other), None) is not None


def differences(one: Shown, other: Shown) -> Iterator[str]:
    """What people were asked or shown in one of two versions and not in the other."""
    yield from scale_differences(one.definition, other.definition)
    for words, part in ASKED.items():
        if part(one.definition) != part(other.definition):
            yield words
    if lone := one.texts.keys() ^ other.texts.keys():
        yield f"the conditions ({', '.join(sorted(lone))} in one alone)"
    for condition in one.texts.keys() & other.texts.keys():
        yield from text_differences(one, other, condition)


def scale_differences(one: StudyDefinition, other: StudyDefinition) -> Iterator[str]:
    """Differences across which ratings are never put together."""
    mine, theirs = scales_of(one), scales_of(other)
    if lone := mine.keys() ^ theirs.keys():
        yield f"the constructs ({', '.join(sorted(lone))} in one alone)"
    if changed := sorted(key for key in mine.keys() & theirs.keys() if mine[key] != theirs[key]):
        yield f"the scale of {', '.join(changed)}"


def scales_of(study: StudyDefinition) -> dict[str, tuple[str, ...]]:
    return {construct.key: study.scales[construct.scale] for construct in study.constructs}


def text_differences(one: Shown, other: Shown, condition: str) -> Iterator[str]:
    """Other texts of the same questions; where no question is in both, another source."""
    mine, theirs = one.texts[condition], other.texts[condition]
    both = mine.keys() & theirs.keys()
    changed = sum(mine[question] != theirs[question] for question in both)
    if changed:
        yield f"the texts of {condition} (other ones for {changed} of {len(both)} questions)"
    elif not both and one.sources[condition] != other.sources[condition]:
        yield f"the source of {condition} ({one.sources[condition]}, {other.sources[condition]})"


def condition_labels(analysed: Sequence[Shown]) -> dict[str, str]:
    """By key: the newest version's conditions, its reference first; then what only older ones had.

    Versions may give one label to two conditions; the older one then has its key beside it.
    """
    newest = analysed[-1].definition
    order = sorted(newest.conditions, key=lambda one: one.key != newest.analysis.reference)
    older = (one for version in reversed(analysed[:-1]) for one in version.definition.conditions)
    found: dict[str, str] = {}
    for condition in (*order, *older):
        if condition.key not in found:
            is_taken = condition.label in found.values()
            found[condition.key] = f"{condition.label} ({condition.key})" if is_taken else condition.label
    return found
