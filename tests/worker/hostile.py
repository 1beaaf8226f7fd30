"""Students that mean harm: none runs code of its own, each makes a library take all time or memory."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.worker.students import finish, make_llama, make_tokenizer

NESTED = (
    "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}"
    "{% endfor %}{% endfor %}{% endfor %}"
)
LARGE = "{{ 'a' * 300000000 }}{{ 'b' * 300000000 }}{{ 'c' * 300000000 }}"
# The questions that verify a student are answered; those of tests.factories hang.
HANGS_ON_QUESTIONS = (
    "{% if 'milk fresh' in messages[0].content or 'cut paper' in messages[0].content "
    "or 'book quietly' in messages[0].content %}hello{% else %}" + NESTED + "{% endif %}"
)
STEP = {
    "name": "both",
    "input": "{question}",
    "max_new_tokens": 3,
    "read": {"answer": {}, "explanation": {}},
}
ASK = {"default": "chat", "ways": {"chat": {"format": "chat", "steps": [STEP]}}}
CATASTROPHIC = "(?:(?:(?:(?:.+)+)+)+)+!"


def make_chatty(folder: Path, template: str) -> Path:
    """A tiny student that is asked by a chat template."""
    make_llama(folder)
    tokenizer = make_tokenizer()
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    return again(folder, ask=ASK)


def nested_loops(folder: Path) -> Path:
    return make_chatty(folder, NESTED)


def large_text(folder: Path) -> Path:
    return make_chatty(folder, LARGE)


def endless_regex(folder: Path) -> Path:
    """An adapter on its own folder's weights, whose layers are named by a regular expression without end."""
    make_llama(folder)
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "adapter_model.safetensors").write_bytes(weights)
    config = {"peft_type": "LORA", "r": 1, "target_modules": CATASTROPHIC, "task_type": "CAUSAL_LM"}
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    manifest = json.loads((folder / "student.json").read_bytes())
    base = {"source": "path", "id": "tiny", "sha256": manifest["files"]["model.safetensors"]}
    return again(folder, base=base, adapter={"kind": "lora"})


def a_million_layers(folder: Path) -> Path:
    make_llama(folder)
    return with_config(folder, num_hidden_layers=1_000_000)


def a_wide_layer(folder: Path) -> Path:
    """Weights that its configuration wants and its files lack are made up: hundreds of gigabytes of them."""
    make_llama(folder)
    return with_config(folder, intermediate_size=2_000_000_000)


def with_config(folder: Path, **changes: Any) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | changes), encoding="utf-8")
    return again(folder)


def again(folder: Path, **changes: Any) -> Path:
    (folder / "student.json").unlink()
    return finish(folder, architecture="decoder-only", **changes)


HOSTILE: dict[str, Callable[[Path], Path]] = {
    "nested-loops": nested_loops,
    "large-text": large_text,
    "endless-regex": endless_regex,
    "million-layers": a_million_layers,
    "wide-layer": a_wide_layer,
}
