"""The R script: what it is told of a study, and that R reads it alike everywhere."""

import json
import re
from pathlib import Path

import pandas as pd

from app.analysis import script
from app.exports.escaping import r_string
from tests.analysis.check_r import nasty


def test_an_r_string_is_ascii_and_ends_where_it_should() -> None:
    assert r_string("plain 'label'") == "\"plain 'label'\""
    assert (
        r_string('a "b" \\ ü 😀\n') == r'"a \U00000022b\U00000022 \U0000005c \U000000fc \U0001f600\U0000000a"'
    )


def test_the_script_is_told_of_the_study_and_needs_three_packages(tmp_path: Path) -> None:
    material = nasty()
    script.write(material, tmp_path, "Study: one\ntwo")
    text = (tmp_path / "analysis.R").read_text(encoding="ascii")
    assert text.startswith("# Study: one two\n# Repeats")
    assert script.SETTINGS not in text
    assert f"constructs <- as.character(c({json.dumps(material.constructs)[1:-1]}))" in text
    assert r"'=first, 'quoted' \U00000022twice\U00000022" in text
    assert set(re.findall(r"library\((\w+)\)|(\w+)::", text)) == {
        ("ordinal", ""),
        ("lme4", ""),
        ("lmerTest", ""),
        ("", "stats"),
    }
    data = pd.read_csv(tmp_path / "data.csv", keep_default_na=False)
    assert list(data["condition"].unique()) == ["'" + material.conditions[0], *material.conditions[1:]]
