"""Figures as people read them, and tables as LaTeX takes them."""

from pathlib import Path

import pytest

from app.analysis.report.tables import Table, latex, shown, table, write_csv
from app.analysis.tidy import Key, Note, Statistic
from app.exports import escaping


@pytest.mark.parametrize(
    "quantity,value,text",
    [
        ("p", 0.0, "< .001"),
        ("p_holm", 0.00099, "< .001"),
        ("p", 0.001, "0.001"),
        ("is_at_zero", 1.0, "yes"),
        ("rho_p", 0.0421, "0.042"),
        ("p_holm", 1.0, "1.000"),
        ("n", 277, "277"),
        ("mean", 4.0, "4.000"),
        ("estimate", -0.000335415, "-0.000335"),
        ("se", None, "–"),
    ],
)
def test_a_figure_is_written_for_people(quantity: str, value: float | None, text: str) -> None:
    assert shown(quantity, value) == text


def test_a_table_has_a_line_for_each_key_a_dash_for_what_is_absent_and_sentences() -> None:
    found: list[Statistic | Note] = [
        Statistic(Key("dunn", "all_rows", "use", "a", "b"), "z", 10, 1.5),
        Statistic(Key("dunn", "all_rows", "use", "a", "b"), "p", 10, 0.5),
        Statistic(Key("dunn", "all_rows", "use", "a", "c"), "z", 10, -2.0),
        Statistic(Key("dunn", "no_outliers", "use", "a", "b"), "z", 10, 9.0),
        Note(Key("dunn", "all_rows", "clarity"), "All the same."),
        Note(Key("dunn", "all_rows", "ease"), "All the same."),
    ]
    made = table(found, "Dunn", "dunn", "all_rows")
    assert made.header == ("Construct", "First", "Second", "z", "p")
    assert made.rows == (("use", "a", "b", "1.500", "0.500"), ("use", "a", "c", "-2.000", "–"))
    assert made.notes == ("clarity; ease: All the same.",)
    assert (made.name, made.texts) == ("dunn_all_rows", 3)


def test_a_table_of_other_things_has_its_own_headings_and_its_notes_say_where() -> None:
    found: list[Statistic | Note] = [
        Statistic(Key("shapiro", "all_runs", "accuracy", "CF", term="220M"), "W", 5, 0.9),
        Note(Key("shapiro", "all_runs", "accuracy", "CF", term="770M"), "Too few."),
    ]
    made = table(found, "Normality", "shapiro", "all_runs", labels={"group1": "Condition", "term": "Size"})
    assert made.header == ("Condition", "Size", "W")
    assert made.rows == (("CF", "220M", "0.900"),)
    assert made.notes == ("CF 770M: Too few.",)


def a_table(*rows: tuple[str, str], number: str = "n") -> Table:
    return Table(name="t", title="A_b", header=("Group", number), rows=rows, texts=1)


def test_latex_survives_whatever_a_label_holds() -> None:
    assert escaping.latex(r"50% & \x_{1} < α") == r"50\% \& \textbackslash{}x\_\{1\} $<$ $\alpha$"
    text = latex(a_table(("x&y", "3")), "stamp")
    assert r"\begin{tabular}{lr}" in text
    assert r"x\&y & 3 \\" in text
    several_pages = latex(a_table(*[("x", "3")] * 31), "stamp")
    assert several_pages.count(r"{longtable}") == 2


def test_a_files_absent_cells_are_empty_so_that_columns_of_numbers_stay_numbers(tmp_path: Path) -> None:
    write_csv(
        tmp_path / "t.csv",
        a_table(("x", "0.100"), ("y", "–"), number="sd"),
    )
    assert (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines() == ["Group,sd", "x,0.100", "y,"]


def test_a_line_break_in_a_title_does_not_leave_the_latex_comment() -> None:
    for line_break in ("\n", "\r", "\r\n", "\v", "\x85", "\u2028"):
        text = latex(
            a_table(("x", "3")),
            rf"Study: a{line_break}\input{{/etc/passwd}}",
        )
        assert [line for line in text.splitlines() if "input" in line] == [text.splitlines()[0]]
        assert text.startswith("% Study: a")


def test_a_label_is_neither_an_argument_of_a_line_break_nor_a_new_line() -> None:
    rows = (("[5cm]", "1"), ("*\n\n\\input{x}", "2"))
    lines = latex(a_table(*rows), "s").splitlines()
    assert r"{[}5cm{]} & 1 \\" in lines
    assert r"{*} \textbackslash{}input\{x\} & 2 \\" in lines
