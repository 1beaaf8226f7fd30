"""Load a student: its own weights, or its adapter on the base model with the right hash. No foreign code."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, GgufConfig
from transformers.utils import logging as library_log

from app.checkpoints.weights import is_tokenizer, is_weights, refuse_foreign_code, refuse_strange_base
from app.contract.base import sha256_of_file
from app.contract.student import StudentManifest
from app.errors import Invalid
from app.worker.layers import pack_linears

library_log.disable_progress_bar()  # a worker's log is a file
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}
SAFE = {"trust_remote_code": False, "local_files_only": True}
LIBRARIES = ("torch", "transformers", "peft", "tokenizers")


@dataclass(frozen=True)
class Student:
    """A loaded model with its tokenizer; `Any`, for both libraries' classes are made at run time."""

    model: Any
    tokenizer: Any
    manifest: StudentManifest
    precision: str
    provenance: Mapping[str, Any]


@dataclass(frozen=True)
class Shelf:
    """Where base models may lie: files of other checkpoints by hash, and the root students come from."""

    by_sha256: Mapping[str, Path]
    root: Path | None


def load(folder: Path, manifest: StudentManifest, precision: str, shelf: Shelf) -> Student:
    """Raises: Invalid, or one of the libraries' errors, if the student cannot be loaded."""
    kind = AutoModelForSeq2SeqLM if manifest.architecture == "encoder-decoder" else AutoModelForCausalLM
    refuse_foreign_code(folder, {path.name for path in folder.iterdir()})
    place = weights_place(folder, manifest, shelf)
    model = kind.from_pretrained(**place, **SAFE, dtype=PRECISIONS[precision])
    if manifest.adapter is not None:
        model = PeftModel.from_pretrained(model, str(folder), local_files_only=True).merge_and_unload()
    model.to("cuda" if torch.cuda.is_available() else "cpu", dtype=PRECISIONS[precision]).eval()
    pack_linears(model)
    own = any(is_tokenizer(path.name) for path in folder.iterdir())
    tokenizer_place = {"pretrained_model_name_or_path": str(folder)} if own else without_weights(place)
    tokenizer = AutoTokenizer.from_pretrained(**tokenizer_place, **SAFE)
    embeddings = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > embeddings:
        raise Invalid(
            f"The tokenizer has {len(tokenizer):,} tokens, the model embeddings for {embeddings:,}."
        )
    provenance = {
        "device": str(model.device),
        "versions": {name: version(name) for name in LIBRARIES},
        "base_sha256": manifest.base.sha256,
    }
    return Student(model, tokenizer, manifest, precision, provenance)


def weights_place(folder: Path, manifest: StudentManifest, shelf: Shelf) -> dict[str, Any]:
    """What `from_pretrained` needs to find the model an adapter goes on, or the student itself."""
    if manifest.adapter is None:
        own = [path for path in folder.iterdir() if path.suffix == ".gguf"]
        return place_of(own[0]) if own else {"pretrained_model_name_or_path": str(folder)}
    base = manifest.base
    if base.sha256 is not None:
        return place_of(find_base(base.sha256, base.file, shelf, folder))
    if base.source == "hub":
        refuse_strange_base(base)
        return {"pretrained_model_name_or_path": base.id, "revision": base.revision or "main"}
    raise Invalid(f"base: '{base.id}' can only be found by its sha256, which the manifest does not give.")


def place_of(path: Path) -> dict[str, Any]:
    place: dict[str, Any] = {"pretrained_model_name_or_path": str(path.parent)}
    if path.suffix != ".gguf":
        return place
    # Packed weights would need kernels from the hub, which are foreign code, and would take no adapter.
    return place | {"gguf_file": path.name, "quantization_config": GgufConfig(dequantize=True)}


def without_weights(place: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in place.items() if key != "quantization_config"}


def find_base(sha256: str, file: str | None, shelf: Shelf, folder: Path) -> Path:
    """The base model's file with this hash, wherever it lies; never by the trainer's path."""
    if sha256 in shelf.by_sha256:
        return shelf.by_sha256[sha256]
    places = [folder, *([shelf.root] if shelf.root else [])]
    files = [path for place in places for path in sorted(place.rglob("*")) if is_weights(path.name)]
    for path in sorted(files, key=lambda path: path.name != file):  # files of the right name first
        if sha256_of_file(path) == sha256:
            return path
    raise Invalid(
        f"The base model (sha256 {sha256[:12]}…, {file or 'any file name'}) is nowhere: "
        "add it as a checkpoint, or put it below HONEYGLASS_CHECKPOINT_ROOT."
    )
