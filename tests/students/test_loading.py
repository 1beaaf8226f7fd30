"""What is refused when a student is loaded, whatever it looked like when it was taken in."""

import json
from pathlib import Path

import pytest

from app.contract.base import InvalidFile
from app.contract.student import parse_student
from app.students.loading import Shelf, load
from tests.worker.students import make_llama


def test_settings_that_ask_for_code_from_elsewhere_are_refused_before_anything_is_loaded(
    tmp_path: Path,
) -> None:
    folder = make_llama(tmp_path / "student")
    path = folder / "config.json"
    fields = json.loads(path.read_bytes()) | {
        "auto_map": {"AutoModelForCausalLM": "owner/name--module.Class"}
    }
    path.write_text(json.dumps(fields), encoding="utf-8")
    manifest = parse_student((folder / "student.json").read_bytes())
    with pytest.raises(InvalidFile, match="'auto_map' asks for code from elsewhere"):
        load(folder, manifest, "fp32", Shelf({}, None))
