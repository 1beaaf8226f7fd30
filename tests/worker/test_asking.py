"""Students load and answer: tiny ones of both architectures, the real one plain and with an adapter."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from app.contract.base import sha256_of_file
from app.contract.student import parse_student
from app.worker.asking import Posed, ask
from app.worker.decoding import Limits, decode, is_slotted
from app.worker.loading import Shelf, Student, load
from tests.worker.students import finish, make_llama, make_t5, smollm2

NOWHERE = Shelf({}, None)
CHAT = {
    "format": "chat",
    "steps": [
        {"name": "answer", "input": "{question} {choices}", "max_new_tokens": 5, "read": {"answer": {}}},
        {
            "name": "why",
            "input": "Why {answer}? {question}",
            "max_new_tokens": 8,
            "read": {"explanation": {}},
        },
    ],
}
QUESTIONS = [
    Posed(number, f"Where is {'very ' * number}cold milk?", ("fridge", "oven")) for number in range(6)
]


@pytest.fixture(autouse=True)
def _few_threads() -> None:
    torch.set_num_threads(2)


def loaded(folder: Path, shelf: Shelf = NOWHERE) -> Student:
    return load(folder, parse_student((folder / "student.json").read_bytes()), "fp32", shelf)


@pytest.mark.parametrize("make", [make_llama, make_t5])
def test_tiny_students_of_both_architectures_answer_and_explain(tmp_path: Path, make: Any) -> None:
    student = loaded(make(tmp_path / "student"))
    told = ask(student, "two", QUESTIONS)
    assert [one.question_id for one in told] == list(range(6))
    assert all([step["name"] for step in one.record["steps"]] == ["answer", "explanation"] for one in told)


def test_slots_that_are_refilled_write_what_one_at_a_time_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.worker.decoding.SLOTS", 3)
    monkeypatch.setattr("app.worker.decoding.REFILL", 1)
    model = loaded(make_llama(tmp_path / "student")).model
    assert is_slotted(model.config)
    inputs = [[2 + (7 * at + number) % 250 for at in range(3 + 11 * number % 23)] for number in range(17)]
    ends = frozenset({1, *range(2, 40)})  # a random model ends somewhere
    found = decode(model, inputs, Limits(30, ends))
    alone = [decode(model, [one], Limits(30, ends))[0] for one in inputs]
    assert found == alone
    assert len({len(one.tokens) for one in found}) > 2


def test_the_real_small_model_answers_plain_and_with_an_adapter(tmp_path: Path) -> None:
    path = smollm2()
    base = {"source": "gguf", "id": "SmolLM2", "file": path.name, "sha256": sha256_of_file(path)}
    ask_way = {"default": "two", "ways": {"two": CHAT}}
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / path.name).symlink_to(path)
    finish(folder, architecture="decoder-only", base=base, ask=ask_way)
    student = loaded(folder)
    told = ask(student, "two", QUESTIONS[:2])
    assert all(one.explanation for one in told)
    ids = torch.tensor([[5, 6, 7]])
    before = student.model(ids).logits
    torch.manual_seed(0)
    config = LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    adapter = get_peft_model(student.model, config)
    adapter.save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
    adapted = finish(
        tmp_path / "adapter",
        architecture="decoder-only",
        base=base,
        adapter={"kind": "lora", "rank": 2},
        ask=ask_way,
        files={},
    )
    other = loaded(adapted, Shelf({base["sha256"]: path}, None))
    assert not torch.equal(before, other.model(ids).logits)
    assert len(ask(other, "two", QUESTIONS[:2])) == 2
