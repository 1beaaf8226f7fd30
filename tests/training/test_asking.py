"""Asking many at once writes what asking one alone writes; choice likelihoods are those of a plain loop."""

from pathlib import Path
from typing import Any

import pytest
import torch

from app.contract.student import Reader, Step, Way
from tests.training.tiny import make_base
from training.asking import Asked, Told, ask_all
from training.config import BaseConfig
from training.data import Example
from training.likelihood import Likeliest, choice_rows, endings, likeliest_choices, score_all
from training.models import load_base
from training.rows import special_tokens
from training.wording import make_wording

NUMBERS = range(7)
EXAMPLES = [
    Example(f"q{number}", f"Where is {'very ' * number}cold milk?", ("sea", "seal", "a far fridge"), "sea")
    for number in NUMBERS
]
WORDING = make_wording("plain", {"most_answer_tokens": 9, "most_explanation_tokens": 12})


def make_asked(folder: Path, kind: str, way: Way, batch_size: int = 4) -> Asked:
    loaded = load_base(BaseConfig(source="path", id="tiny", path=make_base(folder / kind, kind)))
    model = loaded.model.eval()
    widen(model)
    return Asked(model, loaded.tokenizer, way, special_tokens(model, loaded.tokenizer), batch_size, False)


def widen(model: Any) -> None:
    """Larger weights than a fresh model's, but for embeddings, so that texts differ from input to input."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.dim() > 1:
                scale = 0.05 if "embed" in name or "shared" in name else 0.5
                weights.copy_(torch.randn(weights.shape, generator=generator) * scale)


def write_plainly(asked: Asked, ids: list[int], most: int) -> list[int]:
    """One at a time without padding or cache: the likeliest next token, until the end token."""
    start = [] if asked.special.start is None else [asked.special.start]
    written: list[int] = []
    while len(written) < most:
        token = int(logits_after(asked, ids, [*start, *written])[-1].argmax())
        if token == asked.special.end:
            break
        written.append(token)
    return written


def logits_after(asked: Asked, ids: list[int], written: list[int]) -> torch.Tensor:
    """Logits at every place of what was written (encoder-decoder), or of everything (decoder-only)."""
    if asked.special.is_encoder_decoder:
        given = {"input_ids": torch.tensor([ids]), "decoder_input_ids": torch.tensor([written])}
    else:
        given = {"input_ids": torch.tensor([ids + written])}
    with torch.inference_mode():
        logits: torch.Tensor = asked.model(**given).logits[0]
    return logits


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_a_batch_padded_on_the_left_is_written_as_each_input_alone(tmp_path: Path, kind: str) -> None:
    asked = make_asked(tmp_path, kind, WORDING.two_steps(has_context=False))
    told = ask_all(asked, EXAMPLES)
    assert [one.example for one in told] == EXAMPLES
    for one in told:
        for step in asked.way.steps:
            alone = write_plainly(asked, one.inputs[step.name], step.max_new_tokens)
            assert one.outputs[step.name] == asked.tokenizer.decode(alone, skip_special_tokens=True)
    assert len({one.outputs["explanation"] for one in told}) > 1


def test_a_stop_ends_a_text_and_a_step_that_needs_an_unread_answer_is_left_out(tmp_path: Path) -> None:
    first = Step(name="one", input="{question}", max_new_tokens=12, read={"answer": Reader()})
    asked = make_asked(tmp_path, "llama", make_way(first))
    [told] = ask_all(asked, EXAMPLES[:1])
    assert told.is_truncated
    assert told.inputs["why"] == asked.tokenizer(f"Why {told.answer}?").input_ids
    text = told.outputs["one"]
    stopping = asked.way.model_copy(update={"stop": (text[3],), "steps": asked.way.steps[:1]})
    [stopped] = ask_all(make_asked(tmp_path / "stopping", "llama", stopping), EXAMPLES[:1])
    assert stopped.outputs["one"] == text.partition(text[3])[0]
    assert not stopped.is_truncated
    unread = first.model_copy(update={"read": {"answer": Reader(after="never written")}})
    [told] = ask_all(make_asked(tmp_path / "unread", "llama", make_way(unread)), EXAMPLES[:1])
    assert told.answer is None
    assert told.inputs.keys() == {"one"}


def make_way(first: Step) -> Way:
    why = Step(name="why", input="Why {answer}?", max_new_tokens=2, read={"explanation": Reader()})
    return Way(steps=(first, why))


# Likelihoods


def plain_scores(asked: Asked, told: Told) -> tuple[list[float], Likeliest]:
    """One choice at a time, one token after the other, from the first that the choices do not share."""
    step = asked.way.steps[0]
    end = [] if step.read["answer"].before else [asked.special.end]
    targets = [[*asked.tokenizer(text).input_ids, *end] for text in endings(step, told)]
    shared = next(at for at in range(99) if len({target[at] for target in targets}) > 1)
    start = [] if asked.special.start is None else [asked.special.start]
    sums = []
    for target in targets:
        logits = logits_after(asked, told.inputs[step.name], [*start, *target])
        predictions = logits[-len(target) - 1 : -1].log_softmax(-1)
        sums.append(sum(float(predictions[at, target[at]]) for at in range(shared, len(target))))
    means = [total / (len(target) - shared) for total, target in zip(sums, targets, strict=True)]
    choices = told.example.choices
    return sums, Likeliest(choices[sums.index(max(sums))], choices[means.index(max(means))])


def ways() -> dict[str, Way]:
    factual, standard = dict(WORDING.factual_readers), dict(WORDING.standard_readers)
    return {
        "answers first": WORDING.two_steps(has_context=False),
        "answers last": WORDING.one_step(WORDING.factual, factual, has_context=False),
        "goes on": WORDING.one_step(WORDING.standard, standard, has_context=False),
    }


@pytest.mark.parametrize("way", ["answers first", "answers last", "goes on"])
@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_choice_likelihoods_are_those_of_a_plain_loop(tmp_path: Path, kind: str, way: str) -> None:
    asked = make_asked(tmp_path, kind, ways()[way], batch_size=5)
    told = ask_all(asked, EXAMPLES)
    expected = [plain_scores(asked, one) for one in told]
    for one, (sums, _) in zip(told, expected, strict=True):
        assert score_all(asked, [choice_rows(asked, one)])[0] == pytest.approx(sums, abs=1e-4)
    assert likeliest_choices(asked, told) == [likeliest for _, likeliest in expected]


@pytest.mark.parametrize(
    "way,output,expected",
    [
        ("answers first", "Well. The answer is oven.", "Well. The answer is sea."),
        ("answers last", "It is cold. So the answer is oven.", "It is cold. So the answer is sea."),
        ("answers last", "It is cold.", "It is cold. So the answer is sea."),
        ("answers last", "", "So the answer is sea."),
        ("goes on", "nonsense", "The answer is sea. Explanation:"),
    ],
)
def test_a_choice_is_scored_after_what_the_student_wrote_before_it(
    way: str, output: str, expected: str
) -> None:
    [step, *_] = ways()[way].steps
    told = Told(EXAMPLES[0], {}, outputs={step.name: output})
    assert endings(step, told)[0] == expected
