"""A tiny random model of single bytes stands in for a local teacher."""

import json
from pathlib import Path

import pytest

from tests.worker.students import make_llama
from training.teacher import stage
from training.teacher.config import read_config
from training.teacher.local import LocalTeacher

DECODING = {"temperature": 0.0, "max_tokens": 12, "seed": 0}
MESSAGES = [{"role": "system", "content": "Explain."}, {"role": "user", "content": "Why?"}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_llama(tmp_path_factory.mktemp("llama"))


def test_a_local_model_continues_the_messages_and_counts_tokens(folder: Path) -> None:
    local = LocalTeacher(folder, DECODING)
    reply = local.ask(MESSAGES)
    assert reply == local.ask(MESSAGES)
    assert reply.input_tokens == len("Explain.\n\nWhy?\n")
    assert reply.output_tokens == 12
    assert reply.finish_reason == "length"
    assert len(str(local.identity["weights_sha256"])) == 64


def test_sampling_depends_on_the_seed_alone(folder: Path) -> None:
    texts = [
        LocalTeacher(folder, DECODING | {"temperature": 1.5, "seed": seed}).ask(MESSAGES).text
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_a_model_with_a_chat_template_is_asked_by_it(folder: Path) -> None:
    local = LocalTeacher(folder, DECODING)
    local.tokenizer.chat_template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<reply>"
    assert local.prompt(MESSAGES) == "<system>Explain.<user>Why?<reply>"


def test_the_whole_run_works_with_a_local_model(folder: Path, tmp_path: Path) -> None:
    row = {"id": "q1", "question": "Where is milk?", "choices": ["fridge", "oven"], "answer": "fridge"}
    (tmp_path / "questions.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    config = tmp_path / "teacher.toml"
    lines = f'questions = "questions.jsonl"\nout = "out.jsonl"\nlocal = "{folder}"\n'
    config.write_text(lines + "[decoding]\nmax_tokens = 4\n", encoding="utf-8")
    run = stage.generate(read_config(config), limit=None, is_change_allowed=False)
    # A random model never ends by itself, so its explanation is rejected.
    assert run.calls.reasons == {"runs on": 1}
    assert run.calls.spent.output_tokens == 4
