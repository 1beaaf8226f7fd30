"""Students load and answer: tiny ones of both architectures, the real one plain and with an adapter."""

from pathlib import Path
from typing import Any

import pytest
import torch

from app.contract.base import sha256_of_file
from app.contract.student import parse_student
from app.students.asking import ask, input_tokens
from app.students.decoding import Limits, Pace, decode, is_slotted
from app.students.layers import PackedLinear, can_pack, can_run_packed
from app.students.loading import Shelf, Student, load
from app.students.packing import PACKED_TOKENS, pack, shared_tokens
from app.students.told import Posed
from tests.students.plainly import widen, write_plainly
from tests.worker.students import make_adapter, make_llama, make_smollm2, make_t5, read_once, smollm2

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
def _one_thread() -> None:
    torch.set_num_threads(1)  # several make tiny models slower, on a busy machine twenty times


def loaded(folder: Path, shelf: Shelf = NOWHERE, precision: str = "fp32") -> Student:
    return load(folder, parse_student((folder / "student.json").read_bytes()), precision, shelf)


@pytest.mark.parametrize("make", [make_llama, make_t5])
def test_tiny_students_of_both_architectures_answer_and_explain(tmp_path: Path, make: Any) -> None:
    student = loaded(make(tmp_path / "student"))
    told = ask(student, "two", QUESTIONS)
    assert [one.question_id for one in told] == list(range(6))
    assert all([turn.name for turn in one.turns] == ["answer", "explanation"] for one in told)


def test_slots_write_what_one_at_a_time_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACKED_TOKENS, "cpu", 30)
    model = loaded(make_llama(tmp_path / "student")).model
    assert is_slotted(model.config)
    shared = [9, 8, 7]
    inputs = [
        shared + [2 + (7 * at + number) % 250 for at in range(11 * number % 23)] for number in range(17)
    ]
    assert min(map(len, inputs)) == len(shared)  # each keeps one token of its own, even this one
    ends = frozenset({1, *range(2, 40)})  # a random model ends somewhere
    found = decode(model, inputs, Limits(30, ends), Pace(at_once=10))
    alone = [decode(model, [one], Limits(30, ends))[0] for one in inputs]
    assert found == alone
    assert len({len(one.tokens) for one in found}) > 2


@pytest.mark.parametrize("make", [make_llama, make_t5])
def test_a_batch_is_written_as_each_input_alone_by_the_plain_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    student = loaded_wide(make(tmp_path / "student"), monkeypatch)
    [way] = student.manifest.ask.ways.values()
    told = ask(student, "two", QUESTIONS, Pace(at_once=4))
    for one in told:
        for step, turn in zip(way.steps, one.turns, strict=True):
            ids = input_tokens(student.tokenizer, way, turn.input)
            alone = write_plainly(student.model, ids, step.max_new_tokens, student.end_tokens)
            assert turn.output == student.tokenizer.decode(alone, skip_special_tokens=True)
    assert len({one.outputs["explanation"] for one in told}) > 1


def loaded_wide(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Student:
    monkeypatch.setattr("app.students.loading.pack_linears", widen)  # packed weights could not be widened
    return loaded(folder)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("make", [make_llama, make_t5])
def test_packed_layers_compute_what_plain_ones_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any, precision: str
) -> None:
    folder = make(tmp_path / "student")
    packed = loaded(folder, precision=precision).model
    monkeypatch.setattr("app.students.loading.pack_linears", lambda _model: None)
    plain = loaded(folder, precision=precision).model
    assert any(isinstance(layer, PackedLinear) for layer in packed.modules()) == can_pack(packed)
    ids = torch.tensor([[5, 6, 7], [8, 9, 10]])
    more = {"decoder_input_ids": ids} if plain.config.is_encoder_decoder else {}
    found, expected = (model(input_ids=ids, **more).logits for model in (packed, plain))
    near = {"fp32": 1e-5, "bf16": 5e-2}[precision]
    torch.testing.assert_close(found, expected, rtol=near, atol=near)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_student_of_any_precision_answers_where_the_processor_cannot_run_packed_layers(
    tmp_path: Path, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError("bf16 path needs the cpu support avx512bw, avx512vl and avx512dq")

    folder = make_llama(tmp_path / "student")
    expected = ask(loaded(folder, precision=precision), "two", QUESTIONS[:2])
    monkeypatch.setattr("app.students.layers.PackedLinear.__init__", refuse)
    can_run_packed.cache_clear()
    student = loaded(folder, precision=precision)
    can_run_packed.cache_clear()
    assert not any(isinstance(layer, PackedLinear) for layer in student.model.modules())
    assert [one.question_id for one in ask(student, "two", QUESTIONS[:2])] == [
        one.question_id for one in expected
    ]


def test_inputs_are_packed_with_what_they_share_once() -> None:
    inputs = [[1, 2, 3, 4], [1, 2, 5], [1, 2, 3, 6]]
    assert shared_tokens(inputs) == 2
    assert shared_tokens([[1, 2], [1, 2]]) == 1
    assert shared_tokens([[1], [2, 3]]) == 0
    packed = pack(inputs, 2, "cpu")
    assert packed.ids.tolist() == [[1, 2, 3, 4, 5, 3, 6]]
    assert packed.positions.tolist() == [[0, 1, 2, 3, 2, 2, 3]]
    assert [packed.ids[0, columns].tolist() for columns in packed.columns] == inputs
    assert packed.mask[0, 0, 4].tolist() == [True, True, False, False, True, False, False]


def test_the_real_small_model_answers_plain_and_with_an_adapter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_once(monkeypatch)
    student = loaded(make_smollm2(tmp_path / "plain", CHAT))
    told = ask(student, "one", QUESTIONS[:2])
    assert all(one.explanation for one in told)
    ids = torch.tensor([[5, 6, 7]])
    before = student.model(ids).logits
    adapted = make_adapter(tmp_path / "adapter", CHAT)
    other = loaded(adapted, Shelf({sha256_of_file(smollm2()): smollm2()}, None))
    assert not torch.equal(before, other.model(ids).logits)
    assert len(ask(other, "one", QUESTIONS[:2])) == 2
