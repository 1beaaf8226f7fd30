"""Files that appear whole or not at all."""

from pathlib import Path

import pytest

from app.contract.files import replacing, write_whole


def test_a_file_takes_the_older_ones_place_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_whole(path, "old")
    with replacing(path) as partial:
        partial.write_text("ne")
        assert path.read_text() == "old"
        partial.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_goes_wrong_in_between_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_whole(path, "old")

    def write_half() -> None:
        with replacing(path) as partial:
            partial.write_text("ne")
            raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_of_somebody_else_beside_it_stays(tmp_path: Path) -> None:
    path, other = tmp_path / "r.csv", tmp_path / "r.csv.partial"
    other.write_text("mine")
    write_whole(path, "new")
    assert (path.read_text(), other.read_text()) == ("new", "mine")


def test_of_two_who_write_one_file_at_once_the_later_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    with replacing(path) as partial:
        partial.write_text("later")
        write_whole(path, "sooner")
        assert path.read_text() == "sooner"
    assert path.read_text() == "later"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_and_what_it_leads_to_is_new(tmp_path: Path) -> None:
    real, link = tmp_path / "real" / "file.txt", tmp_path / "link.txt"
    real.parent.mkdir()
    link.symlink_to(real)
    write_whole(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert list(real.parent.iterdir()) == [real]


def test_a_file_that_replaces_another_has_the_usual_mode(tmp_path: Path) -> None:
    usual, path = tmp_path / "usual", tmp_path / "file.txt"
    usual.touch()
    write_whole(path, "new")
    assert path.stat().st_mode == usual.stat().st_mode
