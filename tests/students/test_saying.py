"""What becomes of the tokens that a model wrote: stops, what no database can hold, where it was cut off."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

from app.contract.base import InvalidFile
from app.contract.student import StudentManifest
from app.students import asking
from app.students.asking import ask
from app.students.decoding import Decoded, Limits, decode, freeze_decoding
from app.students.loading import Student
from app.students.told import Posed, Told
from tests.students.plainly import widen
from tests.worker.manifests import make_manifest
from tests.worker.students import make_llama, make_t5, make_tokenizer


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def step(name: str, **reads: Any) -> dict[str, Any]:
    return {"name": name, "input": "{question}", "max_new_tokens": 8, "read": reads}


def tell(
    monkeypatch: pytest.MonkeyPatch, says: Sequence[tuple[str, bool]], *steps: dict[str, Any], **way: Any
) -> Told:
    """What is made of a model's words, step by step; with each, whether it was cut off."""
    tokenizer = make_tokenizer()
    steps = steps or (step("both", answer={}, explanation={}),)
    ask_fields = {"default": "one", "ways": {"one": {"steps": steps, **way}}}
    manifest = StudentManifest.model_validate(json.loads(make_manifest(ask=ask_fields)))
    words = iter(says)

    def write(_model: Any, inputs: Sequence[list[int]], *_: Any) -> list[Decoded]:
        text, is_truncated = next(words)
        return [Decoded(list(tokenizer(text).input_ids), is_truncated) for _ in inputs]

    monkeypatch.setattr(asking, "decode", write)
    student = Student(None, tokenizer, manifest, "fp32", frozenset({1}), {})
    [told] = ask(student, "one", [Posed(1, "Where is milk?", ("fridge", "oven"))])
    return told


def test_nothing_from_a_stop_on_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    told = tell(monkeypatch, [("fridge. END of it ###", False)], stop=["###", "END"])
    assert told.outputs == {"both": "fridge. "}
    assert told.answer == "fridge. "


def test_what_no_database_can_hold_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    told = tell(monkeypatch, [("fri\0dge", False)])
    assert (told.answer, told.outputs) == ("fri\ufffddge", {"both": "fri\ufffddge"})


@pytest.mark.parametrize("name", sorted(asking.RESERVED))
def test_a_manifest_cannot_say_what_is_ours_to_say_to_the_chat_template(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with pytest.raises(InvalidFile, match=f"chat_template_args: {name} cannot be set"):
        tell(monkeypatch, [], chat_template_args={name: True, "zest": 1})


@pytest.mark.parametrize("cut_off", [[True, False], [False, True], [False, False]])
def test_an_explanation_is_truncated_if_any_of_its_steps_was_cut_off(
    monkeypatch: pytest.MonkeyPatch, cut_off: list[bool]
) -> None:
    steps = step("answer", answer={}), step("explanation", explanation={})
    told = tell(monkeypatch, list(zip(["fridge", "It is cold."], cut_off, strict=True)), *steps)
    assert [turn.is_truncated for turn in told.turns] == cut_off
    assert told.is_truncated == any(cut_off)


def test_a_marker_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    told = tell(monkeypatch, [("It is cold.", False)], step("both", answer={"after": "So: "}, explanation={}))
    assert (told.answer, told.explanation, told.missing) == (None, "It is cold.", ("answer: So: ",))


def load_wide(folder: Path, kind: str) -> Any:
    """A model whose texts have several tokens."""
    make = {"llama": make_llama, "t5": make_t5}[kind]
    library = {"llama": AutoModelForCausalLM, "t5": AutoModelForSeq2SeqLM}[kind]
    model = library.from_pretrained(make(folder)).eval()
    widen(model)
    return model


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_a_text_is_truncated_unless_an_end_token_or_a_stop_ends_it(tmp_path: Path, kind: str) -> None:
    model, asked = load_wide(tmp_path / kind, kind), [[5, 6, 7]]
    unused = frozenset({10_000})
    [whole] = decode(model, asked, Limits(6, unused))
    assert (len(whole.tokens), whole.is_truncated) == (6, True)
    at = whole.tokens.index(whole.tokens[3])
    assert decode(model, asked, Limits(6, frozenset({whole.tokens[3]}))) == [
        Decoded(whole.tokens[:at], is_truncated=False)
    ]
    stopping = Limits(6, unused, lambda tokens: len(tokens) == 2)
    assert decode(model, asked, stopping) == [Decoded(whole.tokens[:2], is_truncated=False)]


def test_what_model_files_say_of_decoding_is_dropped_but_for_what_the_model_needs_to_start_and_end(
    tmp_path: Path,
) -> None:
    model = load_wide(tmp_path / "t5", "t5")
    ends = frozenset({1, 9})
    freeze_decoding(model, ends)
    expected = decode(model, [[5, 6, 7]], Limits(12, ends))
    model.generation_config.update(repetition_penalty=9.0, no_repeat_ngram_size=1, decoder_start_token_id=0)
    freeze_decoding(model, ends)
    kept = model.generation_config
    assert (kept.repetition_penalty, kept.no_repeat_ngram_size) in {(None, None), (1.0, 0)}
    assert (kept.eos_token_id, kept.decoder_start_token_id, kept.pad_token_id) == ([1, 9], 0, 0)
    assert decode(model, [[5, 6, 7]], Limits(12, ends)) == expected
