"""Which files of a folder belong to a student, and what their headers say; nothing is loaded or unpickled."""

import json
import re
import struct
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from app.contract.base import InvalidFile
from app.contract.student import Base

WANTED = {".json", ".txt", ".model", ".safetensors", ".gguf", ".jinja", ".md"}
PICKLES = {".bin", ".pt", ".pth", ".pkl", ".ckpt", ".msgpack", ".h5"}
WEIGHTS = {".safetensors", ".gguf"}
NOT_WANTED = {"trainer_state.json"}  # a training run's diary, not the student
HUB_ID = re.compile(r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*\Z", re.ASCII)
SETTINGS_FILES = {"config.json", "generation_config.json", "tokenizer_config.json"}
FOREIGN = {"auto_map", "use_kernels", "kernel_config", "quantization_config", "custom_generate"}
ATTENTION = {"attn_implementation", "_attn_implementation", "_attn_implementation_internal"}
OWN_ATTENTION = (None, "eager", "sdpa")
# What is parsed is limited, not only what is unpacked: the largest tokenizers (256,000 tokens, 580,000
# merges) have 35 MB and 3,000,000 marks, and headers of a thousand tensors 0.1 MB.
LARGEST_JSON_BYTES = 64 * 1024 * 1024
LARGEST_HEADER_BYTES = 16 * 1024 * 1024
MOST_MARKS = 4_000_000
LARGEST_SIZE = 2**63 - 1  # of a tensor's dimension or place
MARKS = (b"[", b"{", b",", b":")  # before or after every value of JSON stands one
EMBEDDINGS = (
    "embed_tokens.weight",
    "shared.weight",
    "wte.weight",
    "word_embeddings.weight",
    "embed_in.weight",
)
HOW_TO_CONVERT = (
    "Its only weights are pickles ({names}), which can run code when they are opened. Convert them where "
    "you trust them: AutoModelForCausalLM.from_pretrained(FOLDER).save_pretrained(FOLDER) writes "
    "model.safetensors (AutoModelForSeq2SeqLM for T5)."
)


def is_wanted(name: str) -> bool:
    """Whether a file is copied; all others are left behind unopened and listed."""
    path = PurePosixPath(name)
    return len(path.parts) == 1 and path.suffix.lower() in WANTED and path.name not in NOT_WANTED


def is_weights(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in WEIGHTS


def is_tokenizer(name: str) -> bool:
    return name.startswith(
        ("tokenizer", "special_tokens", "added_tokens", "vocab", "merges", "chat_template")
    ) or (name.endswith(".model"))


def read_header(path: Path) -> dict[str, Any]:
    """A safetensors file's header. Raises: InvalidFile for one that is damaged or cut short."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == struct.calcsize("<Q") else -1
        if not 0 < length <= min(size - 8, LARGEST_HEADER_BYTES):
            raise InvalidFile(f"{path.name}: no safetensors file, or cut short; copy it again.")
        content = stream.read(length)
    refuse_costly(path.name, content, LARGEST_HEADER_BYTES)
    try:
        header = json.loads(content)
        tensors = {name: entry for name, entry in header.items() if name != "__metadata__"}
        end = max((entry["data_offsets"][1] for entry in tensors.values()), default=0)
        shapes = [size for entry in tensors.values() for size in entry["shape"]]
    except (ValueError, RecursionError, AttributeError, TypeError, KeyError, IndexError) as error:
        raise InvalidFile(f"{path.name}: its safetensors header is damaged; copy it again.") from error
    if not all(isinstance(value, int) and 0 <= value <= LARGEST_SIZE for value in (end, *shapes)):
        raise InvalidFile(f"{path.name}: its safetensors header is damaged; copy it again.")
    if size != 8 + length + end:
        raise InvalidFile(
            f"{path.name}: is {size:,} bytes, but its header promises {8 + length + end:,}; "
            "it was cut short or changed, copy it again."
        )
    return tensors


def check_gguf(path: Path) -> None:
    with path.open("rb") as stream:
        if stream.read(4) != b"GGUF":
            raise InvalidFile(f"{path.name}: no GGUF file.")


def check_weights(folder: Path, names: list[str], pickles: list[str]) -> dict[str, Any]:
    """Every tensor's header entry, over all weight files. Raises: InvalidFile if there are none to use."""
    weights = [name for name in names if is_weights(name)]
    if not weights and pickles:
        raise InvalidFile(HOW_TO_CONVERT.format(names=", ".join(sorted(pickles)[:3])))
    if not weights:
        raise InvalidFile(
            "There are no weights: expected model.safetensors, adapter_model.safetensors or a .gguf."
        )
    tensors: dict[str, Any] = {}
    for name in weights:
        if name.endswith(".gguf"):
            check_gguf(folder / name)
        else:
            tensors |= read_header(folder / name)
    check_shards(folder, names)
    return tensors


def check_shards(folder: Path, names: list[str]) -> None:
    """Refuse sharded weights of which a part is missing."""
    for name in names:
        if name.endswith(".safetensors.index.json"):
            index = json_object(folder / name)
            shards = index.get("weight_map")
            values = shards.values() if isinstance(shards, dict) else ()
            named = {value for value in values if isinstance(value, str)}
            if missing := sorted(named - set(names)):
                raise InvalidFile(f"{name}: names {missing[0]}, which is not there; copy the whole folder.")


def refuse_costly(name: str, content: bytes, largest: int) -> None:
    """Refuse JSON that would take gigabytes or minutes to read, before it is read."""
    if len(content) > largest or sum(map(content.count, MARKS)) > MOST_MARKS:
        raise InvalidFile(
            f"{name}: larger than {largest // 2**20} MiB, or of more than {MOST_MARKS:,} values."
        )


def json_object(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        content = stream.read(LARGEST_JSON_BYTES + 1)
    refuse_costly(path.name, content, LARGEST_JSON_BYTES)
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidFile(f"{path.name}: not JSON ({error}).") from error
    if not isinstance(found, dict):
        raise InvalidFile(f"{path.name}: expected an object like {{...}}.")
    return found


def embedding_rows(tensors: dict[str, Any]) -> int | None:
    for name, entry in tensors.items():
        if name.endswith(EMBEDDINGS) and entry.get("shape"):
            return int(entry["shape"][0])
    return None


def tokenizer_size(path: Path) -> int | None:
    """One more than the largest token id in a tokenizer.json; None if it does not say."""
    found = json_object(path)
    model, tokens = found.get("model"), found.get("added_tokens") or []
    if not isinstance(tokens, list):
        raise InvalidFile(f"{path.name}: its added_tokens are no list; copy it again.")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    added = [token["id"] for token in tokens if isinstance(token, dict) and "id" in token]
    if isinstance(vocabulary, dict):
        added += vocabulary.values()
    elif isinstance(vocabulary, list):
        added.append(len(vocabulary) - 1)
    numbers = [number for number in added if isinstance(number, int) and number < LARGEST_SIZE]
    return max(numbers) + 1 if numbers else None


def refuse_unfit_tokenizer(folder: Path, tensors: dict[str, Any]) -> None:
    """Refuse a tokenizer with more tokens than the model has embeddings for."""
    rows = embedding_rows(tensors)
    path = folder / "tokenizer.json"
    size = tokenizer_size(path) if path.exists() else None
    if rows is not None and size is not None and size > rows:
        raise InvalidFile(
            f"tokenizer.json: has {size:,} tokens, but the model has embeddings for {rows:,}; "
            "it belongs to another model."
        )


def refuse_foreign_code(folder: Path, names: Iterable[str]) -> None:
    """Refuse settings that make a library fetch or import code; asked at intake, and again before loading."""
    for name in names:
        if name in SETTINGS_FILES:
            refuse_foreign_settings(name, json_object(folder / name))
    if "adapter_config.json" in names:
        config = json_object(folder / "adapter_config.json")
        if config.get("megatron_config") or str(config.get("peft_type", "LORA")).upper() != "LORA":
            raise InvalidFile("adapter_config.json: only plain LoRA adapters are loaded.")


def refuse_foreign_settings(name: str, found: dict[str, Any]) -> None:
    """Also in the parts for a model's parts, which may be nested. Raises: InvalidFile."""
    waiting: list[Any] = [found]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        if isinstance(value, dict):
            waiting += value.values()
            for key in value:
                if is_foreign(key, value[key]):
                    raise InvalidFile(f"{name}: '{key}' asks for code from elsewhere; remove it.")


def is_foreign(key: str, value: object) -> bool:
    if key in ATTENTION:
        chosen = value.values() if isinstance(value, dict) else [value]
        return any(one not in OWN_ATTENTION for one in chosen)
    return key in FOREIGN and value not in (None, False, {}, [])


def refuse_strange_base(base: Base) -> None:
    """Refuse what a library would take for a folder of this machine. Raises: InvalidFile."""
    if base.source == "hub" and not HUB_ID.match(base.id):
        raise InvalidFile("base: the id of a hub model looks like owner/name; a folder is source: path.")
    if base.revision is not None and (".." in base.revision or base.revision.startswith("/")):
        raise InvalidFile("base: expected a branch, a tag or a commit as revision.")
