"""Study definition files: YAML 1.2 in and out, with complaints that say where and what is close.

Scalars are read as they were written (`off`, `yes` and 01234567 stay what they are) and get their types
from the contract alone.
"""

import io
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from app.contract.base import InvalidFile
from app.contract.study import StudyDefinition

Location = tuple[int | str, ...]
MOST_VALUES = 100_000


def read_definition(path: Path) -> StudyDefinition:
    """Read a definition and the Markdown files its `pages` name, which lie beside it.

    Raises: InvalidFile whose message has one line for each problem: path in the file, line, what was
    expected, what is close.
    """
    if not path.is_file():
        raise InvalidFile(f"{path}: there is no such file.")
    return parse_definition(read_text(path), path.name, path.parent)


def parse_definition(text: str, name: str, folder: Path | None = None) -> StudyDefinition:
    """Read a definition's text; without a folder it names no files. Raises: InvalidFile, as above."""
    try:
        fields = YAML(typ="base", pure=True).load(text)
        if unfolded(fields) > MOST_VALUES:
            raise InvalidFile(f"{name}: its references (*) unfold to more than {MOST_VALUES:,} values.")
    except RecursionError as error:
        raise InvalidFile(f"{name}: nested too deeply to be a study definition.") from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise InvalidFile(f"{name}, line {line}: {error.problem}.") from error
    except YAMLError as error:
        raise InvalidFile(f"{name}: not YAML ({error}).") from error
    if not isinstance(fields, dict):
        raise InvalidFile(f"{name}: expected keys like 'slug:' and 'title:' at the top.")
    fields = with_page_texts(fields, name, folder)
    try:
        return StudyDefinition.model_validate(fields)
    except ValidationError as error:
        raise InvalidFile(explain(error, text, name)) from error


def unfolded(value: object, known: dict[int, int] | None = None) -> int:
    """How many values a file holds once its references are followed; each is looked at once."""
    known = {} if known is None else known
    if id(value) not in known and isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(unfolded(one, known) for one in inner)
    return known.get(id(value), 1)


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidFile(f"{path}: not UTF-8 text ({error.reason}).") from error


def with_page_texts(fields: dict[str, Any], name: str, folder: Path | None) -> dict[str, Any]:
    """Replace the name of a Markdown file by its text; other texts stay."""
    pages = fields.get("pages")
    if not isinstance(pages, dict):
        return fields
    texts = dict(pages)
    for key, value in pages.items():
        if isinstance(value, str) and value.endswith(".md") and "\n" not in value:
            page = folder / value if folder else None
            if page is None or not page.is_file():
                raise InvalidFile(
                    f"{name}: pages.{key}: there is no file {value} beside it. Write it, or put the "
                    "text here in place of its name."
                )
            texts[key] = read_text(page)
    return fields | {"pages": texts}


def write_definition(study: StudyDefinition) -> str:
    """The definition as YAML, page texts included, with every default written out."""
    stream = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # untyped attribute
    yaml.allow_unicode = True
    yaml.representer.add_representer(str, represent_text)
    yaml.dump(without_nothing(study.model_dump(mode="json")), stream)
    return stream.getvalue()


def represent_text(representer: Any, text: str) -> Any:  # noqa: ANN401  # ruamel's nodes carry no types
    """Quote what YAML takes for the end of a line, so that it comes back as it was."""
    style = '"' if any(letter in text for letter in "\x85\u2028\u2029") else None
    return representer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def without_nothing(value: Any) -> Any:  # noqa: ANN401  # any JSON value
    """Drop keys that say null: a key left out and a null mean the same."""
    if isinstance(value, dict):
        return {key: without_nothing(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_nothing(inner) for inner in value]
    return value


def explain(error: ValidationError, text: str, name: str) -> str:
    root = YAML(typ="base", pure=True).compose(text)
    lines: list[str] = []
    places = [problem["loc"] for problem in error.errors()]
    for problem in error.errors():
        location = real_location(problem["loc"])
        if problem["type"] == "too_short" and any(within(place, problem["loc"]) for place in places):
            continue  # too few are left over only because one of them is wrong
        if problem["type"] == "value_error" and not location:
            lines += [
                f"line {line_of(root, location_in(line))}, {line}"
                for line in str(problem["ctx"]["error"]).splitlines()
            ]
            continue
        path = ".".join(str(part) for part in location)
        lines.append(f"line {line_of(root, location)}, {path}: {say(dict(problem), location)}")
    return f"{name} is not a valid study definition:\n" + "\n".join(
        f"  {line}" for line in dict.fromkeys(lines)
    )


def within(place: Location, other: Location) -> bool:
    return len(place) > len(other) and place[: len(other)] == other


def say(problem: dict[str, Any], location: Location) -> str:
    match problem["type"]:
        case "extra_forbidden":
            known = fields_at(location[:-1])
            close = get_close_matches(str(location[-1]), known, 1)
            return (
                f"unknown key; did you mean '{close[0]}'?"
                if close
                else (f"unknown key; known here: {', '.join(known)}.")
            )
        case "missing":
            return "required, but missing."
        case "literal_error":
            close = get_close_matches(str(problem["input"]), known_literals(problem), 1)
            hint = f"; did you mean '{close[0]}'?" if close else "."
            return f"expected {problem['ctx']['expected']}, found {problem['input']!r}{hint}"
        case _:
            message = problem["msg"].removeprefix("Value error, ")
            return f"{message[0].lower()}{message[1:]}, found {shortened(problem['input'])}."


def known_literals(problem: dict[str, Any]) -> list[str]:
    return [word.strip("'") for word in problem["ctx"]["expected"].replace(" or ", ", ").split(", ")]


def shortened(value: object, length: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= length else f"{text[:length]}…"


ARMS = {"BundleSource", "CheckpointSource", "CorrectShare"}  # classes that stand in a union


def real_location(location: Location) -> Location:
    """Leave out what pydantic adds to a location for the arms of a union; they are not in the file."""
    return tuple(
        part
        for part in location
        if isinstance(part, int) or not (part in ARMS or "[" in part or part in {"int", "constrained-int"})
    )


def location_in(complaint: str) -> Location:
    """The place a contradiction names before its colon."""
    path = complaint.partition(": ")[0]
    return tuple(int(part) if part.isdigit() else part for part in path.split("."))


def line_of(node: Any, location: Location) -> int:  # noqa: ANN401  # ruamel's nodes carry no types
    """The line (from 1) of the deepest node on the way to `location`."""
    line = int(node.start_mark.line) + 1
    for part in location:
        if isinstance(part, int):
            children = [(index, child, child) for index, child in enumerate(node.value)]
        else:
            children = [(key.value, key, child) for key, child in node.value if node.id == "mapping"]
        match = [(mark, child) for key, mark, child in children if key == part]
        if not match:
            return line
        line, node = int(match[0][0].start_mark.line) + 1, match[0][1]
        if node.id == "scalar":
            return line
    return line


def fields_at(location: Location) -> list[str]:
    """The keys the contract knows at a location, over all arms of a union."""
    models: list[type[BaseModel]] = [StudyDefinition]
    for part in location:
        if isinstance(part, str):
            inner = [model.model_fields[part].annotation for model in models if part in model.model_fields]
            models = [found for annotation in inner for found in models_in(annotation)]
    return list(dict.fromkeys(key for model in models for key in model.model_fields))


def models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401  # any type expression
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in models_in(inner)]
