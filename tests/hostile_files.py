"""Files made to stop a server that opens them; small on the way in, all of them refused in a sentence.

`ARCHIVES` are offered as students, `LINES` as bundles and question sets; each has a builder that returns the
file's name and content. Nothing here is larger than a few megabytes once it is packed.
"""

import gzip
import io
import json
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.checkpoints.folders import make_student

MIB = 2**20
File = tuple[str, bytes]


def student_files() -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        student = make_student(Path(folder) / "student")
        return {path.name: path.read_bytes() for path in student.iterdir()}


def as_zip(files: dict[str, bytes]) -> File:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return "student.zip", into.getvalue()


def student_with(**changed: bytes) -> Callable[[], File]:
    """A whole student, with some of its files replaced; `tokenizer_json` names tokenizer.json."""
    named = {
        name.replace("_json", ".json").replace("_st", ".safetensors"): content
        for name, content in changed.items()
    }
    return lambda: as_zip(student_files() | named)


def header(content: bytes, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(content) if length is None else length) + content + bytes(16)


def as_tar(members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> File:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w:gz", format=tarfile.PAX_FORMAT, compresslevel=1) as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return "student.tar.gz", into.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, value in fields.items():
        setattr(info, key, value)
    return info


def raw_tar(kind: bytes, declared: int, content: bytes) -> File:
    """One block of a header as no tool writes it, and what follows it."""
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, declared
    return "student.tar.gz", gzip.compress(info.tobuf(tarfile.USTAR_FORMAT) + content + bytes(1024), 1)


def zip_named(*names: str) -> Callable[[], File]:
    return lambda: as_zip(student_files() | dict.fromkeys(names, b"{}"))


def zip_of_many(count: int) -> File:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.json", b"")
    return "student.zip", into.getvalue()


def zip_with_one_name_twice() -> File:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        for name, content in student_files().items():
            archive.writestr(name, content)
        archive.writestr("CONFIG.json", b"{}")
    return "student.zip", into.getvalue()


def zip_without_a_name() -> File:
    """The name in the middle of a good archive's lists is emptied: both say that it has no letters."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), b"{}")
        for name, content in student_files().items():
            archive.writestr(name, content)
    return "student.zip", into.getvalue()


def zip_bomb() -> File:
    return as_zip(student_files() | {"model.safetensors": bytes(300 * MIB)})


ARCHIVES: dict[str, Callable[[], File]] = {
    "a tokenizer.json of 60 MB of lists": student_with(tokenizer_json=b"[" + b"[]," * (20 * MIB) + b"[]]"),
    "a tokenizer.json nested 100,000 deep": student_with(tokenizer_json=b"[" * 100_000),
    "a tokenizer.json of 10^6 keys": student_with(
        tokenizer_json=json.dumps({f"k{number}": [] for number in range(2_000_000)}).encode()
    ),
    "a config.json of 30 MB": student_with(config_json=b"[" + b"1," * (15 * MIB) + b"1]"),
    "a tokenizer.json with added_tokens that are no list": student_with(
        tokenizer_json=b'{"added_tokens": 7}'
    ),
    "weights whose header is 90 MB of lists": student_with(
        model_st=header(b"[" + b"[]," * (30 * MIB) + b"[]]")
    ),
    "weights whose header is nested 100,000 deep": student_with(model_st=header(b'{"a":' * 100_000)),
    "weights whose header promises 2^63 bytes": student_with(model_st=header(b"{}", 2**63)),
    "weights whose shapes are no numbers": student_with(
        model_st=header(b'{"wte.weight": {"data_offsets": [0, 16], "shape": {"0": 1}}}')
    ),
    "weights whose shape is a number of 4,000 digits": student_with(
        model_st=header(b'{"wte.weight": {"data_offsets": [0, 16], "shape": [' + b"9" * 4_000 + b"]}}")
    ),
    "a zip bomb": zip_bomb,
    "a zip with 100,000 members": lambda: zip_of_many(100_000),
    "a zip with one name twice": zip_with_one_name_twice,
    "a zip with an empty name": zip_without_a_name,
    "a zip with a name of 5,000 letters": zip_named("n" * 5_000 + ".json"),
    "a zip with control characters in a name": zip_named("config\x1b[2J\n.json"),
    "a zip that leads out": zip_named("../../evil.json"),
    "a tar whose PAX header is 400 MB": lambda: raw_tar(tarfile.XHDTYPE, 400 * MIB, bytes(400 * MIB)),
    "a tar whose long name is 400 MB": lambda: raw_tar(tarfile.GNUTYPE_LONGNAME, 400 * MIB, bytes(400 * MIB)),
    "a tar whose PAX header promises 8 GB": lambda: raw_tar(tarfile.XHDTYPE, 8**11 - 1, b""),
    "a tar with 100,000 members": lambda: as_tar((member(f"{n}.json"), b"") for n in range(100_000)),
    "a tar with a sparse file": lambda: as_tar(
        [
            (
                member(
                    "model.safetensors",
                    pax_headers={"GNU.sparse.map": "0,1", "GNU.sparse.size": "8000000000"},
                ),
                b"x",
            )
        ]
    ),
    "a tar with a broken sparse map": lambda: as_tar(
        [(member("a.json", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}), b"9" * 512)]
    ),
    "a tar with a hard link": lambda: as_tar(
        [(member("a.json", tarfile.LNKTYPE, linkname="/etc/passwd"), b"")]
    ),
    "a tar with a symbolic link": lambda: as_tar(
        [(member("a.json", tarfile.SYMTYPE, linkname="/etc/passwd"), b"")]
    ),
    "a tar with a device": lambda: as_tar([(member("a.json", tarfile.CHRTYPE, devmajor=1, devminor=5), b"")]),
    "a tar with an empty name": lambda: as_tar([(member(""), b"{}")]),
    "a tar with a name of 5,000 letters": lambda: as_tar([(member("n" * 5_000 + ".json"), b"{}")]),
}

ROW = {
    "question_id": "q1",
    "question": "Where?",
    "choices": ["here", "there"],
    "correct_answer": "here",
    "predicted_answer": "there",
    "explanation": "Because.",
}


def line(**changes: object) -> bytes:
    return json.dumps(ROW | changes).encode() + b"\n"


def xz(content: bytes) -> File:
    return "rows.jsonl.xz", lzma.compress(content, preset=1)


def xz_of_a_huge_dictionary() -> File:
    """A stream that says it needs a dictionary of 1.5 GiB, which a reader makes room for."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 2**20}]
    packed = bytearray(lzma.compress(line() * 3, format=lzma.FORMAT_XZ, filters=filters))
    at = packed.index(bytes([lzma.FILTER_LZMA2, 1])) + 2
    packed[at] = 37  # the code of 1.5 GiB
    length = (packed[12] + 1) * 4
    packed[12 + length - 4 : 12 + length] = struct.pack("<I", zlib.crc32(packed[12 : 12 + length - 4]))
    return "rows.jsonl.xz", bytes(packed)


LINES: dict[str, Callable[[], File]] = {
    "an .xz of 555 KB that unfolds to 10^6 rows": lambda: xz(line() * 1_000_000),
    "an .xz with a dictionary of 1.5 GiB": xz_of_a_huge_dictionary,
    "a .gz of 20,000 members": lambda: ("rows.jsonl.gz", gzip.compress(b"\n", 1) * 20_000),
    "a .gz that unfolds to 500 MB": lambda: ("rows.jsonl.gz", gzip.compress(b" " * (500 * MIB), 1)),
    "a line of 3 MB of lists": lambda: ("rows.jsonl", b'{"a": [' + b"[]," * MIB + b"[]]}\n"),
    "a line nested 100,000 deep": lambda: ("rows.jsonl", b'{"a": ' + b"[" * 100_000 + b"\n"),
    "a line with 200,000 keys": lambda: (
        "rows.jsonl",
        json.dumps({f"k{number}": 0 for number in range(200_000)}).encode() + b"\n",
    ),
    "a row of 500,000 choices of the wrong kind": lambda: ("rows.jsonl", line(choices=list(range(500_000)))),
    "a .zip bundle whose manifest is 1 MB of lists": lambda: (
        "bundle.zip",
        as_zip({"manifest.json": b"[" + b"[]," * 300_000 + b"[]]", "explanations.jsonl": line()})[1],
    ),
    "a .zip bundle of 100,000 members": lambda: ("bundle.zip", zip_of_many(100_000)[1]),
}
