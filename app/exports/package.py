"""A study's data package: every table, the codebook, the definitions and a README in one .zip."""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.contract.base import sha256_of_file
from app.contract.files import replacing
from app.contract.redaction import without_payment
from app.errors import Conflict
from app.exports import queries
from app.exports.base import Format, Source
from app.exports.counting import Counter, Tell, silent
from app.exports.escaping import one_line
from app.exports.service import open_source, provenance, write
from app.exports.tables import table

FILES: tuple[tuple[str, Format], ...] = (
    ("long.csv", "long"),
    ("wide.csv", "wide"),
    ("participants.csv", "participants"),
    ("items.csv", "items"),
    ("answers.csv", "answers"),
    ("codebook.csv", "codebook"),
    ("long.jsonl", "jsonl"),
    ("long.parquet", "parquet"),
    ("paper.csv", "paper"),
)
README = """{title}

Data of the study '{slug}', taken by Honeyglass {software} at {now} from one snapshot of its database.
Who is in it: {modes}.

{files}
definitions/N.json are the frozen definitions that participants took, with REDACTED for what people are
paid by (completion codes, credit token, site, return address). manifest.json has rows and SHA-256 of every
file, and for every version definition_sha256, of definitions/N.json as it is here (as canonical JSON: keys
sorted, no white space, UTF-8), and sha256, of the canonical JSON of {{"definition": definition_sha256,
"items": [[item_sha256 of a condition's items, as in items.csv], ...], "number": N}}. codebook.csv says of
every column what it holds and what an empty cell means. Files in CSV are UTF-8 (RFC 4180), times are UTC
(ISO 8601), true and false are words, empty is not given; a text that a spreadsheet would run as a formula
has an apostrophe in front. Participants are pseudonyms in random order.
"""
MEANINGS = {
    "long.csv": "a row for each rating",
    "wide.csv": "a row for each rated explanation, constructs as columns",
    "participants.csv": "a row for each participant, with the questionnaire",
    "items.csv": "every text that was shown, as it was shown",
    "answers.csv": "a row for each answer that is no rating: people's own, and checks",
    "codebook.csv": "every column of the five tables above",
    "long.jsonl": "long.csv as JSON lines",
    "long.parquet": "long.csv as Parquet, with types",
    "paper.csv": "the columns of the study published with arXiv 2504.16056; of those alone who count",
}


def package(
    session: Session,
    slug: str,
    out: Path,
    tell: Tell = silent,
    *,
    include_synthetic: bool = False,
    include_uncounted: bool = False,
) -> dict[str, Any]:
    """Write a data package; its manifest. `tell` hears how many of how many rows are written.

    `session` should be a snapshot. Raises: NotFound.
    """
    source = open_source(
        session, slug, include_synthetic=include_synthetic, include_uncounted=include_uncounted
    )
    counter = Counter(expected(source), tell)
    with (
        replacing(out) as partial,
        tempfile.TemporaryDirectory(dir=out.parent, prefix=f"{out.stem}.") as folder,
    ):
        left_out: dict[str, str] = {}
        entries = dict(written(source, Path(folder), counter, left_out))
        manifest = {"study": slug, **provenance(source), "files": entries, "left_out": left_out}
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            top = f"{slug}-data"
            for name in entries:
                archive.write(Path(folder) / name, f"{top}/{name}")
            for one in source.versions:
                archive.writestr(
                    f"{top}/definitions/{one.number}.json", as_json(without_payment(one.definition))
                )
            archive.writestr(f"{top}/README.txt", readme(source, entries, left_out))
            archive.writestr(f"{top}/manifest.json", as_json(manifest))
    return manifest | {"file": out.name, "sha256": sha256_of_file(out)}


def expected(source: Source) -> int:
    """About how many rows all files have together."""
    ratings, responses = queries.counts(source.session, source.who)
    return 3 * ratings + 2 * responses


def written(
    source: Source, folder: Path, counter: Counter, left_out: dict[str, str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name, rows and hash of each file; `left_out` says why a format is missing that does not fit."""
    for name, export_format in FILES:
        path = folder / name
        try:
            rows = write(path, counter.over(table(source, export_format)), export_format)
        except Conflict as refused:  # the paper format asks for the published constructs
            path.unlink(missing_ok=True)
            left_out[name] = refused.message
            continue
        yield name, {"rows": rows, "sha256": sha256_of_file(path)}


def readme(source: Source, entries: dict[str, Any], left_out: dict[str, str]) -> str:
    lines = [f"{name}  {MEANINGS[name]} ({entry['rows']} rows)" for name, entry in entries.items()]
    lines += [f"{name}  is not here: {why}" for name, why in left_out.items()]
    return README.format(
        title=one_line(source.definitions[-1].title) if source.definitions else source.study.slug,
        slug=source.study.slug,
        software=version("honeyglass"),
        now=source.now.isoformat(timespec="seconds"),
        modes=", ".join(source.modes),
        files="\n".join(lines),
    )


def as_json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n"
