"""What a teacher run is told, as a TOML file."""

from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from app.contract.base import Contract, Text
from app.contract.complaints import validated
from app.contract.question_formats import Format
from training.teacher.endpoint import Patience
from training.teacher.prompting import FOLDER
from training.toml_files import read_toml


class Decoding(Contract):
    """How the teacher writes. `extra` goes into each request as it is, for what one server alone knows."""

    temperature: float = Field(0.0, ge=0, le=2)
    max_tokens: int = Field(400, ge=1)
    seed: int = 0
    max_tokens_name: Text = "max_tokens"  # some hosted models want max_completion_tokens
    extra: dict[str, Any] = Field(default_factory=dict)

    def request(self) -> dict[str, Any]:
        named = {"temperature": self.temperature, self.max_tokens_name: self.max_tokens, "seed": self.seed}
        return named | self.extra


class Price(Contract):
    """What a million tokens cost, in whatever currency."""

    input: float = Field(0.0, ge=0)
    output: float = Field(0.0, ge=0)

    def of(self, input_tokens: int, output_tokens: int) -> float:
        return (input_tokens * self.input + output_tokens * self.output) / 1_000_000


class PatienceConfig(Contract):
    retries: int = Field(6, ge=0, le=100)
    first_wait_s: float = Field(1.0, gt=0)
    longest_wait_s: float = Field(60.0, gt=0)

    def as_patience(self) -> Patience:
        return Patience(self.retries, self.first_wait_s, self.longest_wait_s)


class TeacherConfig(Contract):
    """Either base_url and model, or local (a folder or .gguf file). Paths are relative to the file."""

    questions: Path
    format: Format = "cqa"
    out: Path
    prompts: Path = FOLDER
    base_url: Text | None = None
    model: Text | None = None
    local: Path | None = None
    api_key_env: Text | None = None
    concurrency: int = Field(8, ge=1, le=256)
    timeout_s: float = Field(120.0, gt=0)
    counterfactuals: bool = True
    revision: bool = True
    decoding: Decoding = Decoding()
    price: Price = Price()
    patience: PatienceConfig = PatienceConfig()

    @model_validator(mode="after")
    def has_one_teacher(self) -> Self:
        is_endpoint = self.base_url is not None and self.model is not None
        if is_endpoint == (self.local is not None):
            raise ValueError("say either base_url and model, or local: one teacher")
        if self.local is not None and self.decoding.max_tokens_name != "max_tokens":
            raise ValueError("a local model knows decoding.max_tokens by no other name")
        if self.out.suffix != ".jsonl":
            raise ValueError("out must end in .jsonl")
        return self


def read_config(path: Path) -> TeacherConfig:
    """Raises: InvalidFile."""
    config = validated(TeacherConfig, read_toml(path), path.name)
    names = ("questions", "out", "prompts", "local")
    paths = {name: path.parent / getattr(config, name) for name in names if getattr(config, name) is not None}
    return config.model_copy(update=paths)
