from pathlib import Path

import pytest

from app.contract.accuracies import read_results
from app.contract.base import InvalidFile

HEADER = "run,test accuracy,target_rationale,model_size,training_mode\n"


@pytest.mark.parametrize(
    "text,complaint",
    [
        ("run,accuracy\n0,0.5\n", "the column 'test accuracy' is missing"),
        (HEADER, "holds no runs"),
        (HEADER + "0,62,few-shot-revision,220M,both\n", "line 2: test accuracy 62 is not between 0 and 1"),
        (HEADER + "0,nan,few-shot-revision,220M,both\n", "line 2: test accuracy nan is not between"),
        (HEADER + "0,high,few-shot-revision,220M,both\n", "line 2: test accuracy 'high' is no number"),
        (HEADER + "x,0.5,few-shot-revision,220M,both\n", "line 2: run 'x' is no whole number"),
        (HEADER + "0,0.5,few-shot-revision,220M\n", "line 2: every column needs a value"),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_the_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidFile, match=complaint):
        read_results(path)
