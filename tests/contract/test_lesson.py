"""A teacher's row, as it is read."""

import pytest

from app.contract.lesson import TeacherRow


@pytest.mark.parametrize(
    "said,argued",
    [
        ({"bank": None, "Bank": "It keeps money."}, "It keeps money."),
        ({"bank": "", " bank": "It keeps money."}, "It keeps money."),
        ({"bank": "First.", "Bank": "Second."}, "First."),
        ({"bank": None, "sea": "It is wet."}, ""),
    ],
)
def test_of_several_ways_to_write_a_choice_the_first_with_a_text_argues_for_it(
    said: dict[str, str | None], argued: str
) -> None:
    row = TeacherRow(
        id="q", question="Where?", choices=("jar", "bank", "sea"), answer="jar", counterfactuals=said
    )
    assert row.argued_for("bank") == argued
