"""What is wrong with a file, in a researcher's words: one sentence for each kind of mistake.

Files come from anybody, so a complaint costs little however much is wrong: names are compared with a few
others only, and what is quoted is cut.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.contract.base import NAME, InvalidFile

Location = tuple[int | str, ...]
Model = TypeVar("Model", bound=BaseModel)
# Classes and types that stand in a union.
ARMS = {"BundleSource", "CheckpointSource", "CorrectShare", "int", "constrained-int", "float", "str"}
MOST_PROBLEMS = 50
MOST_COMPARED = 200
MOST_LISTED = 20
MOST_LETTERS = 40  # of a name that is compared; comparing takes time that grows with their square
LONGEST_LISTED = 100
LONGEST_QUOTED = 60
LONGEST_LINE = 400

KINDS = {
    **dict.fromkeys(("tuple_type", "list_type", "set_type"), "expected a list"),
    **dict.fromkeys(
        ("dict_type", "model_type", "model_attributes_type"), "expected keys with values, like 'key: value'"
    ),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "expected a whole number"),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), "expected a number"),
    "int_parsing_size": "expected a smaller number",
    **dict.fromkeys(("bool_type", "bool_parsing"), "expected true or false"),
    **dict.fromkeys(("string_type", "string_unicode"), "expected a text"),
    **dict.fromkeys(
        ("datetime_type", "datetime_parsing", "datetime_from_date_parsing"),
        "expected a time like 2026-11-25T12:30:00Z",
    ),
    "union_tag_invalid": "expected one of the forms that the documentation shows",
}
# What needs no word on what was found instead.
PLAIN = {
    "missing": "required, but missing",
    "extra_forbidden": "unknown key",
    "too_short": "needs at least {min_length} entries, and has {actual_length}",
    "too_long": "has more than {max_length} entries",
    "string_too_short": "must not be empty",
    "string_too_long": "longer than {max_length} characters",
    "value_error": "{error}",
}
PATTERNS = {
    NAME: "expected letters, digits, '.', '_' or '-', at most 100, the first a letter or digit",
    r"\S": "expected a text that is not empty",
    r"^[0-9a-f]{64}$": "expected a SHA-256: 64 digits from 0 to f",
    r"^[a-z0-9][a-z0-9-]{0,62}$": "expected lower-case letters, digits and '-', at most 63",
}


def closest(value: str, known: Iterable[str], compared: int = MOST_COMPARED) -> str | None:
    """The known name that a mistyped one may have meant; of the first few, and by their first letters."""
    near = {name[:MOST_LETTERS]: name for name in islice(known, compared)}
    return next((near[name] for name in get_close_matches(value[:MOST_LETTERS], near, 1)), None)


def did_you_mean(value: str, known: Iterable[str], otherwise: str = "", compared: int = MOST_COMPARED) -> str:
    """The end of a complaint on a name that stands for nothing: the one that was meant, or other words."""
    close = closest(value, known, compared)
    return f"; did you mean '{close}'?" if close else otherwise


def listed(names: Iterable[str]) -> str:
    """Names in a row, the first few of many."""
    first = [shortened(name, LONGEST_LISTED) for name in islice(names, MOST_LISTED + 1)]
    return ", ".join(first[:MOST_LISTED]) + (", …" if len(first) > MOST_LISTED else "")


def shortened(text: str, length: int = LONGEST_QUOTED) -> str:
    """The text's beginning; half of a surrogate pair, which nothing can send, is written out."""
    cut = text if len(text) <= length else f"{text[:length]}…"
    return cut.encode("utf-8", "backslashreplace").decode()


def quoted(value: object) -> str:
    """What was found instead, as somebody would say it who knows no Python."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return f"'{shortened(value)}'" if value else "an empty text"
        case dict():
            return "keys with values"
        case list() | tuple():
            return "a list"
        case _:
            return shortened(str(value))


def sentence(problem: Mapping[str, Any]) -> str:
    """One of pydantic's problems, without a full stop."""
    kind, context = problem["type"], problem.get("ctx", {})
    if kind in {"too_short", "too_long"} and isinstance(problem["input"], str):
        kind = f"string_{kind}"  # pydantic says it as of a list where a text has validators before
    if kind in PLAIN:
        return PLAIN[kind].format(**context)
    if kind == "string_pattern_mismatch":
        said = PATTERNS.get(context["pattern"], "not written as it must be")
    elif kind == "literal_error":
        said = f"expected {context['expected']}"
    else:
        said = KINDS.get(kind) or bound(kind, context)
    return f"{said}, found {quoted(problem['input'])}"


def bound(kind: str, context: Mapping[str, Any]) -> str:
    """A number outside of its bounds; for what nobody has met yet, that it does not fit."""
    for key, words in (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than")):
        if key in context:
            return f"must be {words} {context[key]}"
    return f"does not fit here ({kind.replace('_', ' ')})"


def told(error: ValidationError) -> list[dict[str, Any]]:
    """The problems worth telling: where an entry is wrong, too few are left over only because of it."""
    problems: list[dict[str, Any]] = [dict(problem) for problem in error.errors(include_url=False)]
    inner = {problem["loc"][:depth] for problem in problems for depth in range(len(problem["loc"]))}
    return [one for one in problems if not (one["type"] == "too_short" and one["loc"] in inner)]


def reasons(error: ValidationError) -> str:
    """All problems of one row or manifest in one line, each with its place."""
    problems = told(error)
    said = [place(problem["loc"], sentence(problem)) for problem in problems[:MOST_PROBLEMS]]
    more = len(problems) - len(said)
    return "; ".join(said) + (f"; and {more:,} more problems" if more else "")


def validated(kind: type[Model], fields: object, where: str) -> Model:
    """What these fields of a file are. Raises: InvalidFile that names the place and every problem."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise InvalidFile(f"{where}: {reasons(error)}.") from error


def place(location: Location, said: str) -> str:
    path = ".".join(shortened(str(part), 80) for part in real_location(location)[:8])
    return f"{path}: {said}" if path else said


def real_location(location: Location) -> Location:
    """Leave out what pydantic adds to a location for the arms of a union; they are not in the file."""
    return tuple(part for part in location if isinstance(part, int) or not ("[" in part or part in ARMS))
