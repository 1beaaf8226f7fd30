"""The example configurations are valid, and fit each other."""

from pathlib import Path

from training.config import make_config, read_config
from training.grid import plan, read_grid
from training.methods import method_names
from training.teaching.config import read_config as read_teacher_config

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "training" / "configs"


def test_the_teachers_example_is_valid_and_its_questions_are_there() -> None:
    config = read_teacher_config(CONFIGS / "teacher.toml")
    assert config.questions.is_file()


def test_every_run_of_the_example_grid_is_a_valid_training_configuration() -> None:
    runs = list(plan(read_grid(CONFIGS / "grid.toml")))
    assert len({run.name for run in runs}) == len(runs) == 4 * 3
    made = [make_config(run.config) for run in runs]
    assert {config.seed for config in made} == {0, 1, 2}
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
