"""The example configurations are valid, and fit each other."""

from pathlib import Path

import pytest

from training.config import make_config, read_config
from training.grid import plan, read_grid
from training.methods import method_names
from training.teacher.config import read_config as read_teacher_config
from training.train import read_material

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "training" / "configs"


def test_the_teachers_example_is_valid_and_its_questions_are_there() -> None:
    config = read_teacher_config(CONFIGS / "teacher.toml")
    assert config.questions.is_file()


def test_the_first_run_has_rows_to_train_on_and_rows_to_hold_out() -> None:
    config = read_config(CONFIGS / "first.toml")
    assert config.data.train == (Path("training/configs/first-teacher.jsonl"),)
    here = config.data.model_copy(update={"train": tuple(ROOT / path for path in config.data.train)})
    train, held_out = read_material(config.model_copy(update={"data": here}))
    assert (len(train), len(held_out)) == (10, 2)
    for lesson in [*train, *held_out]:
        assert lesson.explanation
        assert lesson.revised_explanation
        assert set(lesson.counterfactuals) == set(lesson.example.wrong_choices)


@pytest.mark.parametrize("name,seeds", [("grid.toml", {0, 1, 2}), ("demo-grid.toml", {0})])
def test_every_run_of_a_grid_here_is_a_valid_training_configuration(name: str, seeds: set[int]) -> None:
    runs = list(plan(read_grid(CONFIGS / name)))
    made = [make_config(run.config) for run in runs]
    assert len({config.name for config in made}) == len(runs) == 4 * len(seeds)
    assert {config.seed for config in made} == seeds
    assert {(config.method.name, config.data.explanations) for config in made} == {
        ("multitask", "unrevised"),
        ("counterfactual", "unrevised"),
        ("combined", "unrevised"),
        ("combined", "revised"),
    }


def test_the_documentation_names_every_method_and_the_example_is_read() -> None:
    text = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    assert [name for name in method_names() if f"| `{name}` |" not in text] == []
    assert read_config(CONFIGS / "smollm2-cqa.toml").wording.format == "chat"


def test_no_configuration_here_has_a_processor_multiply_in_bf16_which_takes_some_minutes_a_step() -> None:
    for name in ("first.toml", "demo.toml", "smollm2-cqa.toml"):
        config = read_config(CONFIGS / name)
        assert (config.optimization.precision, config.store) == ("auto", "auto"), name
