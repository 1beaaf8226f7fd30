"""The student manifest, `student.json` beside the weights: what a checkpoint is and how to ask it.

Templates are filled by replacing a closed list of placeholders, answers are read by literal markers; nothing
in a manifest is ever evaluated. `fill`, `as_asked` and `read` are the only code that knows how, for training/
too.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)

from app.contract.base import NAME, InvalidFile, Text
from app.contract.described import Described, Evaluation, Method, TrainingRun
from app.contract.files import write_whole
from app.contract.json_lines import read_manifest

STUDENT = "student.json"
SCHEMA_VERSION = 1
LARGEST_MANIFEST_BYTES = 1024 * 1024
# What an input may ask for. The letters around it stay as they are, braces of other words included.
PLACEHOLDERS = ("question", "choices", "premise", "hypothesis", "context", "term", "answer")
CHOICE_PLACEHOLDERS = ("letter", "number", "text")
WORD_IN_BRACES = re.compile(r"\{([a-z_]+)\}")
MOST_NEW_TOKENS = 4096
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Output = Literal["answer", "explanation"]
Architecture = Literal["encoder-decoder", "decoder-only"]


class Part(BaseModel):
    """A part that is read by key: an unknown key is a mistake. White space is part of a template."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Reader(Part):
    """Cut a text out of an output: after a marker, before another, without outer characters."""

    after: Text | None = None
    after_last: Text | None = None
    before: Text | None = None
    strip: Text | None = None
    first_paragraph: bool = False

    @model_validator(mode="after")
    def has_one_beginning(self) -> Self:
        if self.after is not None and self.after_last is not None:
            raise ValueError("either 'after' or 'after_last', not both")
        if "" in {self.after, self.after_last, self.before}:
            raise ValueError("a marker cannot be empty; null means that there is none")
        return self


class Step(Part):
    """One call of the model: what it is given, how much it may write, and what is read from that."""

    name: Annotated[Text, StringConstraints(pattern=NAME)]
    input: Annotated[Text, StringConstraints(min_length=1)]
    max_new_tokens: int = Field(ge=1, le=MOST_NEW_TOKENS)
    read: dict[Output, Reader] = Field(min_length=1)

    @model_validator(mode="after")
    def names_known_placeholders(self) -> Self:
        refuse_unknown(self.input, PLACEHOLDERS)
        return self


class Way(Part):
    """One way to ask: its steps in order; the readers' outputs of a step are there for the next ones."""

    choice_style: Text = "({letter}) {text}"
    choice_separator: Text = " "
    format: Literal["plain", "chat"] = "plain"
    system: Text | None = None
    chat_template_args: dict[str, JsonValue] = Field(default_factory=dict)
    add_special_tokens: bool = True
    stop: tuple[Annotated[Text, StringConstraints(min_length=1)], ...] = ()
    steps: tuple[Step, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def reads_what_it_needs(self) -> Self:
        refuse_unknown(self.choice_style, CHOICE_PLACEHOLDERS)
        known: set[str] = set()
        for step in self.steps:
            if "answer" in placeholders(step.input) and "answer" not in known:
                raise ValueError(f"step '{step.name}' asks for {{answer}}, which no step before it reads")
            if known & set(step.read):
                raise ValueError(f"step '{step.name}' reads what a step before it has read")
            known |= set(step.read)
        if missing := {"answer", "explanation"} - known:
            raise ValueError(f"no step reads {' and '.join(sorted(missing))}")
        if self.system is not None and self.format == "plain":
            raise ValueError("'system' needs format: chat")
        return self

    @property
    def asks_for(self) -> set[str]:
        """The placeholders that a question must have a value for."""
        return {name for step in self.steps for name in placeholders(step.input)} - {"answer"}


class Ask(Part):
    default: str
    ways: dict[Annotated[str, StringConstraints(pattern=NAME)], Way] = Field(min_length=1)

    @model_validator(mode="after")
    def default_is_there(self) -> Self:
        if self.default not in self.ways:
            raise ValueError(f"default: there is no way '{self.default}'; ways: {', '.join(self.ways)}")
        return self


class Base(Part):
    """The model the student was made from. `sha256` is that of `file`; weights are found by it alone."""

    source: Literal["hub", "path", "gguf"]
    id: Text
    revision: Text | None = None
    sha256: Sha256 | None = None
    file: Text | None = None


class Adapter(Described):
    kind: Literal["lora"]


class Generation(Part):
    """How every text is written: greedily, up to an end token; without any, those of model and tokenizer."""

    precision: Literal["fp32", "bf16"] = "fp32"
    do_sample: Literal[False] = False
    seed: int = 0
    end_tokens: tuple[Annotated[int, Field(ge=0)], ...] = ()


class StudentManifest(Part):
    """Everything `student.json` says; written last, so that its presence means complete."""

    schema_version: Literal[1]
    name: Annotated[Text, StringConstraints(min_length=1, max_length=200)]
    architecture: Architecture
    base: Base
    adapter: Adapter | None = None
    method: Method | None = None
    teacher: Described | None = None
    dataset: Described | None = None
    run: TrainingRun | None = None
    evaluation: Evaluation | None = None
    files: dict[Text, Sha256] = Field(default_factory=dict)
    generation: Generation = Generation()
    ask: Ask


@dataclass(frozen=True)
class Reading:
    """What a reader found; `missing` is the marker it did not find."""

    text: str | None
    missing: str | None = None


def placeholders(template: str) -> set[str]:
    return {name for name in WORD_IN_BRACES.findall(template) if name in PLACEHOLDERS}


def refuse_unknown(template: str, known: Sequence[str]) -> None:
    for name in WORD_IN_BRACES.findall(template):
        if name not in known:
            listed = ", ".join(f"{{{word}}}" for word in known)
            raise ValueError(f"{{{name}}} is no placeholder; there are {listed}")


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace every {name} by its value, literally and once: braces inside a value stay as they are."""
    return WORD_IN_BRACES.sub(lambda found: values.get(found[1], found[0]), template)


def list_choices(way: Way, choices: Sequence[str]) -> str:
    """The choices in one line, as the student was trained to see them."""
    styled = [
        fill(way.choice_style, {"letter": letter(index), "number": str(index + 1), "text": choice})
        for index, choice in enumerate(choices)
    ]
    return way.choice_separator.join(styled)


def letter(index: int) -> str:
    """A to Z, then AA, AB and so on."""
    prefix = LETTERS[index // len(LETTERS) - 1] if index >= len(LETTERS) else ""
    return prefix + LETTERS[index % len(LETTERS)]


def question_values(way: Way, question: str, choices: Sequence[str], premise: str | None) -> dict[str, str]:
    """What a question has to fill into an input; a premise is there under both of its names."""
    values = {"question": question, "hypothesis": question, "choices": list_choices(way, choices)}
    return values if premise is None else values | {"premise": premise, "context": premise}


def as_asked(way: Way, text: str, apply_chat_template: Callable[..., object]) -> str:
    """A filled input as the tokenizer gets it; `apply_chat_template` is the tokenizer's method."""
    if way.format == "plain":
        return text
    system = [{"role": "system", "content": way.system}] if way.system is not None else []
    messages = [*system, {"role": "user", "content": text}]
    return str(
        apply_chat_template(messages, tokenize=False, add_generation_prompt=True, **way.chat_template_args)
    )


def read(reader: Reader, output: str) -> Reading:
    """Cut a reader's text out of an output; nothing, if one of its markers is not there."""
    text = output
    beginning = reader.after if reader.after is not None else reader.after_last
    if beginning is not None:
        at = text.find(beginning) if reader.after is not None else text.rfind(beginning)
        if at < 0:
            return Reading(None, beginning)
        text = text[at + len(beginning) :]
    if reader.before is not None:
        text, marker, _ = text.partition(reader.before)
        if not marker:
            return Reading(None, reader.before)
    if reader.strip is not None:
        text = text.strip(reader.strip)
    if reader.first_paragraph:
        text = re.split(r"\n[^\S\n]*\n", text.lstrip("\n"), maxsplit=1)[0]
    return Reading(text)


def read_student(path: Path) -> StudentManifest:
    """Raises: as `parse_student`; no more is read than a manifest may have."""
    with path.open("rb") as stream:
        return parse_student(stream.read(LARGEST_MANIFEST_BYTES + 1), path.name)


def parse_student(content: bytes, name: str = STUDENT) -> StudentManifest:
    """Raises: InvalidFile that says where the manifest is wrong, or that it is of a later version."""
    if len(content) > LARGEST_MANIFEST_BYTES:
        raise InvalidFile(f"{name}: larger than 1 MiB, so it is no student manifest.")
    return read_manifest(StudentManifest, content, name, ("schema_version", SCHEMA_VERSION))


def write_student(folder: Path, manifest: StudentManifest) -> None:
    """Write the manifest, last and at once: a folder that has it is complete."""
    write_whole(folder / STUDENT, manifest.model_dump_json(indent=2) + "\n")


def json_schema() -> str:
    """The manifest's JSON Schema, as docs/student.schema.json has it."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **StudentManifest.model_json_schema(),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
