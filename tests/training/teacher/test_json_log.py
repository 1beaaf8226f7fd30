import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from app.contract.base import InvalidFile
from training.teacher.json_log import JsonLog


def test_rows_come_back_in_their_order_whatever_they_say(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"text": "a\nb\r\u2028c"}, {"text": "\ud800"}, {"n": 1}]
    with JsonLog(tmp_path / "new/log.jsonl") as log:
        for row in rows:
            log.append(row)
    with JsonLog(tmp_path / "new/log.jsonl") as log:
        assert log.rows == rows
        assert log.repaired_bytes == 0


@pytest.mark.parametrize("half", [b"{", b'{"n": 2', b'{"n": 2}', b'{"text": "\xc3'])
def test_a_half_written_end_is_cut_off_and_the_next_row_stands_on_its_own_line(
    tmp_path: Path, half: bytes
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"n": 1}\n' + half)
    with JsonLog(path) as log:
        assert log.rows == [{"n": 1}]
        assert log.repaired_bytes == len(half)
        log.append({"n": 3})
    assert path.read_bytes() == b'{"n": 1}\n{"n": 3}\n'


@pytest.mark.parametrize("line", [b"nonsense\n", b"[1]\n", b"\n"])
def test_a_damaged_line_further_up_is_an_error_with_its_number(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"n": 1}\n' + line + b'{"n": 2}\n')
    with pytest.raises(InvalidFile, match=r"log\.jsonl, line 2"):
        JsonLog(path)


def test_many_threads_write_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with JsonLog(path) as log, ThreadPoolExecutor(8) as pool:
        list(pool.map(log.append, [{"n": number, "text": "x" * 5000} for number in range(60)]))
    numbers = [json.loads(line)["n"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert sorted(numbers) == list(range(60))
