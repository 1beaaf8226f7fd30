"""Folders as a training run leaves them behind, with weights that fit but mean nothing."""

import io
import json
import struct
import zipfile
from pathlib import Path

WAY = {
    "steps": [
        {
            "name": "both",
            "input": "{question} {choices}",
            "max_new_tokens": 8,
            "read": {"answer": {}, "explanation": {}},
        }
    ]
}


def make_student(folder: Path, **manifest: object) -> Path:
    folder.mkdir()
    header = json.dumps(
        {"model.embed_tokens.weight": {"dtype": "F32", "shape": [4, 1], "data_offsets": [0, 16]}}
    )
    weights = struct.pack("<Q", len(header)) + header.encode() + bytes(16)
    (folder / "model.safetensors").write_bytes(weights)
    (folder / "config.json").write_text("{}")
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": {"a": 0, "b": 3}}}))
    (folder / "training_args.bin").write_bytes(b"never opened")
    (folder / "optimizer.pt").write_bytes(b"never opened")
    fields = {
        "schema_version": 1,
        "name": "tiny",
        "architecture": "decoder-only",
        "base": {"source": "hub", "id": "a/b"},
        "ask": {"default": "one", "ways": {"one": WAY}},
    }
    (folder / "student.json").write_text(json.dumps(fields | manifest))
    return folder


def zipped(folder: Path) -> bytes:
    """The folder as somebody would upload it."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"{folder.name}/{file.name}")
    return into.getvalue()
