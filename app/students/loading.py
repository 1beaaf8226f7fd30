"""Load a student: its own weights, or its adapter on the base model with the right hash. No foreign code."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, GgufConfig
from transformers.utils import logging as library_log

from app.contract.base import InvalidFile, sha256_of_file
from app.contract.student import Architecture, StudentManifest
from app.contract.weights import is_tokenizer, is_weights, refuse_foreign_code, refuse_strange_base
from app.students.decoding import end_tokens, freeze_decoding
from app.students.layers import pack_linears

library_log.disable_progress_bar()  # a worker's log is a file
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}
LIBRARIES = ("torch", "transformers", "peft", "tokenizers")
Device = Literal["auto", "cpu"]


@dataclass(frozen=True)
class Student:
    """A loaded model with its tokenizer; `Any`, for both libraries' classes are made at run time."""

    model: Any
    tokenizer: Any
    manifest: StudentManifest
    precision: str
    end_tokens: frozenset[int]
    provenance: Mapping[str, Any]


@dataclass(frozen=True)
class Shelf:
    """Where base models may lie: files of other checkpoints by hash, and the root students come from."""

    by_sha256: Mapping[str, Path]
    root: Path | None


def load(
    folder: Path, manifest: StudentManifest, precision: str, shelf: Shelf, device: Device = "auto"
) -> Student:
    """Raises: InvalidFile, or one of the libraries' errors, if the student cannot be loaded."""
    refuse_foreign_code(folder, {path.name for path in folder.iterdir()})
    place = weights_place(folder, manifest, shelf)
    model = load_model(place, manifest.architecture, PRECISIONS[precision])
    if manifest.adapter is not None:
        model = PeftModel.from_pretrained(model, str(folder), local_files_only=True).merge_and_unload()
    own = any(is_tokenizer(path.name) for path in folder.iterdir())
    tokenizer_place = {"pretrained_model_name_or_path": str(folder)} if own else without_weights(place)
    return made_ready(model, load_tokenizer(tokenizer_place), manifest, precision, device)


def made_ready(
    model: Any,  # noqa: ANN401  # untyped library
    tokenizer: Any,  # noqa: ANN401  # untyped library
    manifest: StudentManifest,
    precision: str,
    device: Device = "auto",
) -> Student:
    """A loaded model as a student that can be asked, and only as its manifest says. Raises: InvalidFile."""
    on_gpu = device == "auto" and torch.cuda.is_available()
    model.to("cuda" if on_gpu else "cpu", dtype=PRECISIONS[precision]).eval()
    embeddings = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > embeddings:
        raise InvalidFile(
            f"The tokenizer has {len(tokenizer):,} tokens, the model embeddings for {embeddings:,}."
        )
    pack_linears(model)
    ends = frozenset(manifest.generation.end_tokens) or end_tokens(model, tokenizer)
    freeze_decoding(model, ends)
    provenance = {
        "device": str(model.device),
        "versions": {name: version(name) for name in LIBRARIES},
        "base_sha256": manifest.base.sha256,
    }
    return Student(
        model=model,
        tokenizer=tokenizer,
        manifest=manifest,
        precision=precision,
        end_tokens=ends,
        provenance=provenance,
    )


def load_model(
    place: Mapping[str, Any],
    architecture: Architecture,
    dtype: Any,  # noqa: ANN401  # untyped library
    *,
    is_local: bool = True,
) -> Any:  # noqa: ANN401  # untyped library
    """`is_local` keeps the library from fetching anything. Pickles are never opened."""
    kind = AutoModelForSeq2SeqLM if architecture == "encoder-decoder" else AutoModelForCausalLM
    safe = {"trust_remote_code": False, "local_files_only": is_local, "use_safetensors": True}
    return kind.from_pretrained(**place, **safe, dtype=dtype)


def load_tokenizer(place: Mapping[str, Any], *, is_local: bool = True) -> Any:  # noqa: ANN401  # untyped library
    return AutoTokenizer.from_pretrained(**place, trust_remote_code=False, local_files_only=is_local)


def weights_place(folder: Path, manifest: StudentManifest, shelf: Shelf) -> dict[str, Any]:
    """What `from_pretrained` needs to find the model an adapter goes on, or the student itself."""
    if manifest.adapter is None:
        own = [path for path in folder.iterdir() if path.suffix == ".gguf"]
        return place_of(own[0] if own else folder)
    base = manifest.base
    if base.sha256 is not None:
        file = find_base(base.sha256, base.file, shelf, folder)
        return place_of(file if file.suffix == ".gguf" else file.parent)
    if base.source == "hub":
        refuse_strange_base(base)
        return {"pretrained_model_name_or_path": base.id, "revision": base.revision or "main"}
    raise InvalidFile(f"base: '{base.id}' can only be found by its sha256, which the manifest does not give.")


def place_of(path: Path) -> dict[str, Any]:
    """What `from_pretrained` needs to find a model: its folder, or its one GGUF file."""
    if path.suffix != ".gguf":
        return {"pretrained_model_name_or_path": str(path)}
    # Packed weights would need kernels from the hub, which are foreign code, and would take no adapter.
    unpacked = GgufConfig(dequantize=True)
    folder = str(path.parent)
    return {"pretrained_model_name_or_path": folder, "gguf_file": path.name, "quantization_config": unpacked}


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
    raise InvalidFile(
        f"The base model (sha256 {sha256[:12]}…, {file or 'any file name'}) is nowhere: "
        "add it as a checkpoint, or put it below HONEYGLASS_CHECKPOINT_ROOT."
    )
