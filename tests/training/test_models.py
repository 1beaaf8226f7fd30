"""Where a base model is found again."""

from pathlib import Path
from typing import Any

import pytest

from app.contract.base import sha256_of_file
from app.students.loading import load_model, place_of
from tests.training.tiny import make_base
from training import models
from training.config import BaseConfig


@pytest.fixture
def snapshot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder a hub's files are kept in, each once it was asked for."""
    hub, kept = make_base(tmp_path / "hub"), tmp_path / "snapshot"
    kept.mkdir()

    def fetch(_model: str, name: str, **_settings: Any) -> str | None:
        if not (hub / name).exists():
            return None
        (kept / name).write_bytes((hub / name).read_bytes())
        return str(kept / name)

    monkeypatch.setattr(models, "cached_file", fetch)
    return kept


def test_a_hubs_one_file_comes_with_the_settings_it_is_loaded_by(snapshot: Path, tmp_path: Path) -> None:
    sha256 = sha256_of_file(tmp_path / "hub" / "model.safetensors")
    file = models.base_file(BaseConfig(source="hub", id="owner/name"), sha256)
    assert file == snapshot / "model.safetensors"
    assert load_model(place_of(file.parent), "decoder-only", "float32").config.model_type == "llama"
