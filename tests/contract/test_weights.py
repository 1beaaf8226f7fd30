"""What weight files and the index of their parts say, read without loading anything."""

import json
import struct
from pathlib import Path

import pytest

from app.contract.base import InvalidFile
from app.contract.weights import check_weights

INDEX = "model.safetensors.index.json"
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def write_shard(folder: Path, name: str, tensor: str) -> None:
    header = json.dumps({tensor: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (folder / name).write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))


def test_weights_in_parts_are_whole_or_refused(tmp_path: Path) -> None:
    write_shard(tmp_path, FIRST, "a")
    write_shard(tmp_path, SECOND, "b")
    (tmp_path / INDEX).write_text(json.dumps({"weight_map": {"a": FIRST, "b": SECOND}}), encoding="utf-8")
    assert check_weights(tmp_path, [FIRST, SECOND, INDEX], []).keys() == {"a", "b"}
    with pytest.raises(InvalidFile, match=f"names {SECOND}, which is not there"):
        check_weights(tmp_path, [FIRST, INDEX], [])
