"""What only describes a student never keeps it out, and nothing of it is lost."""

import json
from typing import Any

import pytest

from app.contract.base import InvalidFile
from app.contract.described import Evaluation, Method, TrainingRun
from app.contract.student import StudentManifest, parse_student
from tests.worker.manifests import make_manifest


def parse(**changes: object) -> StudentManifest:
    return parse_student(make_manifest(**changes).encode())


@pytest.mark.parametrize(
    "part,key,value",
    [
        ("method", "training", ["MT", "CF"]),
        ("evaluation", "ci95", {"low": 0.1, "high": 0.2}),
        ("evaluation", "explanations", "good"),
        ("run", "seed", "a1"),
    ],
)
def test_what_does_not_fit_its_field_is_kept_as_added(part: str, key: str, value: Any) -> None:
    found = getattr(parse(**{part: {key: value, "mine": 1}}), part)
    assert getattr(found, key) is None
    assert found.added == {"mine": 1, key: value}


def test_the_rest_of_a_part_and_the_other_parts_stay_what_they_are() -> None:
    manifest = parse(
        method={"training": "combined"},
        evaluation={"n": 3, "accuracy": "good", "explanations": {"words": "many", "explained": 2}},
        run={"seed": 4},
    )
    assert (manifest.method, manifest.run) == (Method(training="combined"), TrainingRun(seed=4))
    assert isinstance(manifest.evaluation, Evaluation)
    assert (manifest.evaluation.n, manifest.evaluation.accuracy) == (3, None)
    assert manifest.evaluation.explanations is not None
    assert manifest.evaluation.explanations.explained == 2
    assert manifest.evaluation.explanations.added == {"words": "many"}


def test_a_manifest_with_what_does_not_fit_is_written_with_each_key_once_and_read_again() -> None:
    manifest = parse(evaluation={"accuracy": "good", "n": 3}, run={"seed": "a1"})
    assert parse_student(manifest.model_dump_json().encode()) == manifest
    assert StudentManifest.model_validate(manifest.model_dump(mode="json")) == manifest


@pytest.mark.parametrize(
    "written,said",
    [
        ('"evaluation": {"accuracy": NaN}', "NaN is no number of JSON"),
        ('"evaluation": {"accuracy": 1e999}', "a number is too large"),
        ('"run": {"seed": "\\u0000"}', "cannot be stored"),
        ('"method": "combined"', "method: expected keys with values"),
        ('"adapter": {"kind": "other"}', "adapter.kind"),
        ('"adapter": {"kind": null}', "adapter.kind"),
    ],
)
def test_what_no_database_holds_and_what_a_student_is_loaded_by_stay_refused(written: str, said: str) -> None:
    content = json.dumps(json.loads(make_manifest()))[:-1] + f", {written}}}"
    with pytest.raises(InvalidFile, match=said):
        parse_student(content.encode())
