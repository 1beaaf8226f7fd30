"""What is refused before anything is loaded, each with a sentence."""

import gzip
import json
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from app.checkpoints.intake import checkpoints_folder, discard, take_in, take_in_below_root
from app.contract.base import InvalidFile
from app.contract.student import parse_student
from app.errors import Invalid
from app.settings import Settings
from tests.checkpoints.folders import make_student


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", largest_checkpoint_mb=1)


def refusal(home: Settings, source: Path) -> str:
    with pytest.raises((InvalidFile, Invalid)) as caught:
        take_in(home, str(source))
    folder = checkpoints_folder(home)
    assert not folder.exists() or not list(folder.iterdir())
    return str(caught.value)


def test_a_trainers_folder_is_taken_in_and_its_pickles_are_left_behind(
    home: Settings, tmp_path: Path
) -> None:
    taken = take_in(home, str(make_student(tmp_path / "s")))
    assert taken.left_behind == ["optimizer.pt", "training_args.bin"]
    assert sorted(taken.files) == ["config.json", "model.safetensors", "student.json", "tokenizer.json"]


def test_folders_that_are_no_student_are_refused_with_what_to_do(home: Settings, tmp_path: Path) -> None:
    pickled = make_student(tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    assert "save_pretrained" in refusal(home, pickled)
    cut = make_student(tmp_path / "cut")
    (cut / "model.safetensors").write_bytes((cut / "model.safetensors").read_bytes()[:-3])
    assert "cut short" in refusal(home, cut)
    assert "changed or damaged" in refusal(
        home, make_student(tmp_path / "wrong", files={"config.json": "0" * 64})
    )
    assert "Upgrade Honeyglass" in refusal(home, make_student(tmp_path / "future", schema_version=2))
    unfit = make_student(tmp_path / "unfit")
    (unfit / "tokenizer.json").write_text(json.dumps({"model": {"vocab": {"a": 9}}}))
    assert "belongs to another model" in refusal(home, unfit)
    without = make_student(tmp_path / "without")
    (without / "student.json").rename(tmp_path / "elsewhere.json")
    assert "--manifest FILE" in refusal(home, without)
    taken = take_in(home, str(without), parse_student((tmp_path / "elsewhere.json").read_bytes()))
    assert taken.manifest.name == "tiny"
    discard(home, taken.folder)
    linked = make_student(tmp_path / "linked")
    (linked / "vocab.txt").symlink_to("/etc/hostname")
    assert "leads out" in refusal(home, linked)


def test_archives_are_unpacked_and_hostile_ones_refused(home: Settings, tmp_path: Path) -> None:
    folder = make_student(tmp_path / "s")
    for name in ("s.zip", "s.tar.gz"):
        path = tmp_path / name
        if name.endswith("zip"):
            with zipfile.ZipFile(path, "w") as archive:
                for file in folder.iterdir():
                    archive.write(file, f"s/{file.name}")
        else:
            with tarfile.open(path, "w:gz") as tar:
                tar.add(folder, "s")
        assert len(take_in(home, str(path)).files) == 4
    for file in (home.home / "checkpoints").iterdir():
        for inner in file.iterdir():
            inner.unlink()
        file.rmdir()
    outside = tmp_path / "outside.zip"
    with zipfile.ZipFile(outside, "w") as archive:
        archive.writestr("../evil.json", "{}")
    assert "leads out of the archive" in refusal(home, outside)
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.safetensors", bytes(2**21))
    assert "would unpack to more" in refusal(home, bomb)
    link = tmp_path / "link.tar.gz"
    with tarfile.open(link, "w:gz") as tar:
        entry = tarfile.TarInfo("config.json")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(entry)
    assert "link or a device" in refusal(home, link)


def test_an_archive_of_ten_gigabytes_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path / "home")  # as it comes: 8 GB
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.safetensors", bytes(2**21))
        archive.filelist[0].file_size = 10 * 2**30
    monkeypatch.setattr("app.checkpoints.archive.write", None)  # nothing is to be unpacked
    assert "would unpack to more than the 8,192 MB" in refusal(settings, bomb)
    tarred = tmp_path / "bomb.tar.gz"
    entry = tarfile.TarInfo("model.safetensors")
    entry.size = 10 * 2**30
    tarred.write_bytes(gzip.compress(entry.tobuf()))
    assert "would unpack to more than the 8,192 MB" in refusal(settings, tarred)
    monkeypatch.undo()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.safetensors", bytes(2**21))
        archive.filelist[0].file_size = 10
    assert "cannot be unpacked" in refusal(settings, bomb)


def test_an_archive_that_declares_hundreds_of_times_its_size_is_refused(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.safetensors", bytes(2**21))
    large = Settings(home=tmp_path / "home")
    lying = bytearray(bomb.read_bytes())
    at = lying.rfind(b"PK\x01\x02") + 24  # the central directory's uncompressed size
    lying[at : at + 4] = struct.pack("<I", 2**32 - 2)
    (tmp_path / "lying.zip").write_bytes(lying)
    with pytest.raises(InvalidFile, match="times its own size"):
        take_in(large, str(tmp_path / "lying.zip"))


def test_a_browser_names_paths_below_the_root_only(tmp_path: Path) -> None:
    make_student(tmp_path / "root")
    settings = Settings(home=tmp_path / "home", checkpoint_root=tmp_path / "root")
    with pytest.raises(Invalid, match="leads out"):
        take_in_below_root(settings, "../other")
    with pytest.raises(Invalid, match="no such folder, and"):
        take_in(settings, "no-such/student")


@pytest.mark.parametrize(
    "setting",
    [
        {"attn_implementation": "kernels-community/flash-attn"},
        {"text_config": {"_attn_implementation": {"": "owner/kernel"}}},
        {"auto_map": {"AutoModel": "owner/name--module.Class"}},
        {"use_kernels": True},
        {"quantization_config": {"quant_method": "elsewhere"}},
    ],
)
def test_settings_that_make_a_library_fetch_code_are_refused(
    home: Settings, tmp_path: Path, setting: dict[str, object]
) -> None:
    folder = make_student(tmp_path / "s")
    (folder / "config.json").write_text(json.dumps(setting))
    assert "asks for code from elsewhere" in refusal(home, folder)


@pytest.mark.parametrize("base", ["/etc", "../models/x", "gpt2", "a/b/c", "a/b\n"])
def test_a_base_from_the_hub_is_never_a_folder_of_this_machine(
    home: Settings, tmp_path: Path, base: str
) -> None:
    folder = make_student(tmp_path / "s", base={"source": "hub", "id": base})
    assert "looks like owner/name" in refusal(home, folder)
