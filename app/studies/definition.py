"""Study definition files: YAML 1.2 in and out, with complaints that say where and what is close.

Scalars are read as they were written (`off`, `yes` and 01234567 stay what they are) and get their types
from the contract alone.
"""

import io
import json
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from app.contract.base import InvalidFile
from app.contract.complaints import (
    LONGEST_LINE,
    MOST_PROBLEMS,
    Location,
    did_you_mean,
    listed,
    quoted,
    real_location,
    sentence,
    shortened,
    told,
)
from app.contract.study import Contradiction, Contradictions, StudyDefinition
from app.contract.words import NEW

LARGEST_BYTES = 256 * 1024  # twenty times the longest definition we know, and what is read in a second
MOST_VALUES = 10_000
DEEPEST = 100
# One of these stands before or after every value of a file.
MARKS = ("\n", "\r", "\x85", "\u2028", "\u2029", ",", "[", "{", "- ", ": ", "? ")
LONGEST_NAME = 200  # of a file of texts


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
    refuse_oversized(text, name)
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
        return StudyDefinition.model_validate(fields, context=NEW)
    except ValidationError as error:
        raise InvalidFile(explain(error, text, name)) from error


def refuse_oversized(text: str, name: str) -> None:
    """Refuse what would take long to read, before it is read: too many bytes, values or levels.

    The reader takes a tenth of a millisecond for each value and longer for each level.
    """
    if len(text.encode()) > LARGEST_BYTES:
        raise InvalidFile(f"{name}: larger than {LARGEST_BYTES // 1024} KiB, so it is no study definition.")
    if sum(map(text.count, MARKS)) > MOST_VALUES:
        raise InvalidFile(f"{name}: more than {MOST_VALUES:,} lines or values, which no study needs.")
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", text):
        depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
        if depth > DEEPEST:
            raise InvalidFile(f"{name}: nested too deeply to be a study definition.")


def unfolded(value: object, known: dict[int, int] | None = None) -> int:
    """How many values a file holds once its references are followed; each is looked at once."""
    known = {} if known is None else known
    if id(value) not in known and isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(unfolded(one, known) for one in inner)
    return known.get(id(value), 1)


def read_text(path: Path) -> str:
    """Raises: InvalidFile for what is no text, or longer than a definition may be."""
    with path.open("rb") as stream:
        content = stream.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise InvalidFile(f"{path}: larger than {LARGEST_BYTES // 1024} KiB.")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
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
            texts[key] = page_text(value, f"{name}: pages.{shortened(key)}", folder)
    return fields | {"pages": texts}


def page_text(value: str, where: str, folder: Path | None) -> str:
    """The text of a Markdown file beside the definition, and of no other."""
    if len(value) > LONGEST_NAME or "\0" in value:
        raise InvalidFile(f"{where}: '{shortened(value)}' is too long for the name of a file.")
    page = folder / value if folder else None
    if page is None or not page.is_file():
        raise InvalidFile(
            f"{where}: there is no file {value} beside it. Write it, or put the text here in place "
            "of its name."
        )
    if folder is None or not page.resolve().is_relative_to(folder.resolve()):
        raise InvalidFile(
            f"{where}: {value} lies outside of the definition's folder; put the file beside it."
        )
    return read_text(page)


def write_definition(study: StudyDefinition) -> str:
    """The definition as YAML, page texts included, with every default written out."""
    return dumped(study.model_dump_json())


@lru_cache(maxsize=64)
def dumped(definition: str) -> str:
    """YAML for JSON. A long definition takes a second, and a study's page shows the same one every time."""
    stream = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # untyped attribute
    yaml.allow_unicode = True
    yaml.representer.add_representer(str, represent_text)
    yaml.dump(without_nothing(json.loads(definition)), stream)
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
    """Say what is wrong, a line each: the first fifty, and how many more there are."""
    root = YAML(typ="base", pure=True).compose(text)
    problems = [one for problem in told(error) for one in single(problem)]
    lines = list(dict.fromkeys(complaint(one, root) for one in problems[:MOST_PROBLEMS]))
    if len(problems) > MOST_PROBLEMS:
        lines.append(f"and {len(problems) - MOST_PROBLEMS:,} more problems.")
    return f"{name} is not a valid study definition:\n" + "\n".join(
        f"  {shortened(line, LONGEST_LINE)}" for line in lines
    )


def single(problem: dict[str, Any]) -> Sequence[dict[str, Any] | Contradiction]:
    """One problem of pydantic's; what a definition says against itself comes as several in one."""
    cause = problem.get("ctx", {}).get("error")
    return cause.found if isinstance(cause, Contradictions) else [problem]


def complaint(problem: dict[str, Any] | Contradiction, root: Any) -> str:  # noqa: ANN401  # ruamel's nodes carry no types
    if not isinstance(problem, dict):
        return f"line {line_of(root, location_in(str(problem)))}, {problem}"
    location = real_location(problem["loc"])
    path = ".".join(str(part) for part in location)
    return f"line {line_of(root, location)}, {path}: {say(problem, location)}"


def say(problem: dict[str, Any], location: Location) -> str:
    match problem["type"]:
        case "extra_forbidden":
            known = fields_at(location[:-1])
            return "unknown key" + did_you_mean(str(location[-1]), known, f"; known here: {listed(known)}.")
        case "literal_error":
            return sentence(problem) + did_you_mean(str(problem["input"]), known_literals(problem), ".")
        case "value_error":
            return f"{sentence(problem)}, found {quoted(problem['input'])}."
        case _:
            return f"{sentence(problem)}."


def known_literals(problem: dict[str, Any]) -> list[str]:
    return [word.strip("'") for word in problem["ctx"]["expected"].replace(" or ", ", ").split(", ")]


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
