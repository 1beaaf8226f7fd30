import hashlib
import json
import lzma
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.contract.base import InvalidFile
from app.contract.bundle import (
    EXPLANATIONS,
    MANIFEST,
    BundleManifest,
    BundleRow,
    open_zip,
    read_bundle,
    write_bundle,
)

REAL = Path(__file__).parents[3] / "shared/data/student-t5-large-mt-cf-revised.jsonl.xz"

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
filled = texts.filter(lambda text: re.search(r"\S", text))
rows = st.builds(
    BundleRow,
    question_id=st.none() | filled,
    question=filled,
    choices=st.lists(filled, min_size=2, max_size=5).map(tuple),
    correct_answer=texts,
    predicted_answer=st.none() | texts,
    explanation=st.none() | texts,
)


def make_row(**changes: Any) -> BundleRow:
    fields = {
        "question_id": "q1",
        "question": "Where?",
        "choices": ["here", "there"],
        "correct_answer": "here",
        "predicted_answer": "there",
        "explanation": "Because.",
    }
    return BundleRow.model_validate(fields | changes)


def make_folder(folder: Path, **manifest: Any) -> Path:
    """A bundle of two rows whose manifest is changed after it was written."""
    write_bundle(folder, BundleManifest(name="mt"), [make_row(), make_row(question_id=None)])
    fields = json.loads((folder / MANIFEST).read_text(encoding="utf-8")) | manifest
    (folder / MANIFEST).write_text(json.dumps(fields), encoding="utf-8")
    return folder


def zip_of(path: Path, members: dict[str, Path], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, source in members.items():
            archive.write(source, name)
    return path


def as_zip(folder: Path, top: str = "") -> Path:
    members = {f"{top}{name}": folder / name for name in (EXPLANATIONS, MANIFEST)}
    return zip_of(folder.with_name(f"{folder.name}-{len(top)}.zip"), members)


@settings(max_examples=40)
@given(st.lists(rows, min_size=1, max_size=4), texts)
def test_what_is_written_is_read_as_folder_zip_and_bare_file(
    tmp_path_factory: pytest.TempPathFactory, written: list[BundleRow], note: str
) -> None:
    folder = tmp_path_factory.mktemp("bundles") / "mt"
    manifest = BundleManifest(name="mt", description=note, provenance={"seed": 7, "note": note})
    write_bundle(folder, manifest, written)
    found = read_bundle(folder)
    assert found.rows == tuple(enumerate(written, 1))
    assert found.manifest == manifest.model_copy(update={"rows": len(written), "sha256": found.sha256})
    assert found.sha256 == hashlib.sha256((folder / EXPLANATIONS).read_bytes()).hexdigest()
    assert not found.unknown_keys
    assert read_bundle(as_zip(folder)) == found
    assert read_bundle(as_zip(folder, "some lab/")) == found
    bare = read_bundle(folder / EXPLANATIONS)
    assert (bare.manifest, bare.rows, bare.sha256) == (None, found.rows, found.sha256)


def test_a_packed_bare_file_has_the_hash_of_its_content(tmp_path: Path) -> None:
    content = (make_row().model_dump_json() + "\n").encode()
    path = tmp_path / "rows.jsonl.xz"
    path.write_bytes(lzma.compress(content))
    found = read_bundle(path)
    assert found.rows == ((1, make_row()),)
    assert found.sha256 == hashlib.sha256(content).hexdigest()


def test_further_keys_of_a_row_are_counted_and_those_of_a_manifest_do_no_harm(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "mt", sha256=None, rows=None, paper="2504.16056")
    with (folder / EXPLANATIONS).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(make_row().model_dump() | {"teacher_explanation": "x"}) + "\n")
    found = read_bundle(folder)
    assert found.unknown_keys == {"teacher_explanation": 1}
    assert found.manifest is not None
    assert found.manifest.name == "mt"


CONTRADICTED: dict[str, tuple[dict[str, Any], str]] = {
    "another hash": ({"sha256": "0" * 64}, f"SHA-256 is [0-9a-f]{{64}}, but the manifest says {'0' * 64}"),
    "too many rows promised": ({"rows": 3}, "2 rows, but the manifest promises 3"),
    "no rows promised": ({"rows": 0}, "2 rows, but the manifest promises 0"),
    "a later version": ({"version": 2}, r"manifest\.json: written as version 2; .* Upgrade Honeyglass"),
    "a version that never was": ({"version": 0}, r"manifest\.json: version: expected 1, found 0"),
    "another format": ({"format": "croissant"}, r"manifest\.json: format: expected 'honeyglass-b"),
    "no name": ({"name": None}, r"manifest\.json: name: expected a text"),
}


@pytest.mark.parametrize("form", ["folder", "zip"])
@pytest.mark.parametrize("kind", CONTRADICTED)
def test_a_bundle_its_manifest_does_not_describe_is_refused(tmp_path: Path, kind: str, form: str) -> None:
    changes, complaint = CONTRADICTED[kind]
    folder = make_folder(tmp_path / "mt", **changes)
    with pytest.raises(InvalidFile, match=complaint):
        read_bundle(as_zip(folder) if form == "zip" else folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 100_000, "\ufeff[1"])
def test_a_manifest_that_is_no_json_object_is_refused(tmp_path: Path, content: str) -> None:
    folder = make_folder(tmp_path / "mt")
    (folder / MANIFEST).write_text(content, encoding="utf-8")
    with pytest.raises(InvalidFile, match=r"manifest\.json: "):
        read_bundle(folder)


@pytest.mark.parametrize("name", [MANIFEST, EXPLANATIONS])
def test_a_folder_without_one_of_the_two_files_says_which(tmp_path: Path, name: str) -> None:
    folder = make_folder(tmp_path / "mt")
    (folder / name).unlink()
    with pytest.raises(InvalidFile, match=re.escape(name)):
        read_bundle(folder)


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_a_bundle_without_rows_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "rows.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(InvalidFile, match=r"rows\.jsonl: holds no explanations"):
        read_bundle(tmp_path / "rows.jsonl")


def test_a_malformed_row_refuses_the_bundle_with_its_line(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "mt")
    with (folder / EXPLANATIONS).open("a", encoding="utf-8") as stream:
        stream.write('\n{"question_id": "q3", "question": "a\\u0000b"}\n')
    with pytest.raises(InvalidFile, match=r"line 4: question: .*U\+0000.*choices: required.*explan"):
        read_bundle(as_zip(folder))


def without_member(folder: Path) -> Path:
    return zip_of(folder.with_suffix(".zip"), {MANIFEST: folder / MANIFEST})


def with_two_members(folder: Path) -> Path:
    return zip_of(
        folder.with_suffix(".zip"),
        {
            MANIFEST: folder / MANIFEST,
            EXPLANATIONS: folder / EXPLANATIONS,
            f"b/{EXPLANATIONS}": folder / MANIFEST,
        },
    )


def no_zip(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    path.write_bytes(b"PK but not for long")
    return path


def no_file(folder: Path) -> Path:
    return folder.with_suffix(".zip")


def with_a_wrong_checksum(folder: Path) -> Path:
    path = zip_of(
        folder.with_suffix(".zip"),
        {name: folder / name for name in (MANIFEST, EXPLANATIONS)},
        zipfile.ZIP_STORED,
    )
    path.write_bytes(path.read_bytes().replace(b"Because.", b"Therefor"))
    return path


def with_a_damaged_member(folder: Path) -> Path:
    path = as_zip(folder)
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo(EXPLANATIONS).header_offset + 30 + len(EXPLANATIONS)
    content = bytearray(path.read_bytes())
    content[start + 20 : start + 60] = b"\xff" * 40
    path.write_bytes(content)
    return path


def with_a_damaged_manifest(folder: Path) -> Path:
    path = zip_of(
        folder.with_suffix(".zip"),
        {name: folder / name for name in (MANIFEST, EXPLANATIONS)},
        zipfile.ZIP_STORED,
    )
    path.write_bytes(path.read_bytes().replace(b"honeyglass-bundle", b"honeyglass-bundel"))
    return path


def with_a_password(folder: Path) -> Path:
    """Sets the bit that says a member is encrypted, in both of its headers."""
    path = as_zip(folder)
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(signature, at + 4)
    path.write_bytes(content)
    return path


BAD_ZIPS: list[tuple[Callable[[Path], Path], str]] = [
    (without_member, "expected one explanations.jsonl in it, found 0"),
    (with_two_members, "expected one explanations.jsonl in it, found 2"),
    (no_zip, "not a readable .zip"),
    (no_file, "mt.zip"),
    (with_a_wrong_checksum, "damaged|not a readable"),
    (with_a_damaged_member, "damaged|not a readable"),
    (with_a_damaged_manifest, "damaged|not a readable"),
    (with_a_password, "zip.*encrypted|zip.*password"),
]


@pytest.mark.parametrize("make,complaint", BAD_ZIPS)
def test_a_zip_that_is_no_bundle_is_refused(
    tmp_path: Path, make: Callable[[Path], Path], complaint: str
) -> None:
    path = make(make_folder(tmp_path / "mt"))
    with pytest.raises(InvalidFile, match=complaint):
        read_bundle(path)


def test_a_member_that_would_unpack_to_more_than_half_a_gibibyte_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder(tmp_path / "mt")
    (folder / EXPLANATIONS).write_bytes(b"\n" * (1024 * 512 + 1))
    path = as_zip(folder)
    monkeypatch.setattr("app.contract.bundle.LARGEST_FILE_BYTES", 1024 * 512 + 1)
    with pytest.raises(InvalidFile, match="holds no explanations"):
        read_bundle(path)
    monkeypatch.setattr("app.contract.bundle.LARGEST_FILE_BYTES", 1024 * 512)
    with pytest.raises(InvalidFile, match=r"explanations\.jsonl would unpack to more than 0\.5 MiB"):
        read_bundle(path)


def test_nothing_of_a_zip_is_ever_extracted_not_even_where_its_names_point(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "here/mt")
    path = zip_of(
        tmp_path / "here/evil.zip",
        {f"../../{EXPLANATIONS}": folder / EXPLANATIONS, f"../../{MANIFEST}": folder / MANIFEST},
    )
    shutil.rmtree(folder)
    assert len(read_bundle(path).rows) == 2
    assert [found.name for found in tmp_path.rglob("*")] == ["here", "evil.zip"]
    with open_zip(path) as archive:
        assert len(archive.namelist()) == 2


def test_the_real_students_outputs_are_read_whole() -> None:
    if not REAL.exists():
        pytest.skip("../shared/data is not here")
    found = read_bundle(REAL)
    assert len(found.rows) == 1221
    assert found.manifest is None
    assert sum(row.question_id is None for _, row in found.rows) == 3
