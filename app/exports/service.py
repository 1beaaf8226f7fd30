import csv
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.contract.base import sha256_of_file
from app.contract.files import replacing, write_whole
from app.contract.study import StudyDefinition
from app.errors import Conflict, NotFound
from app.exports import queries
from app.exports.base import Cell, Format, Source, Table
from app.exports.counting import Counter, Tell, silent
from app.exports.escaping import cell_text, iso
from app.exports.tables import table
from app.participation.queries import slugs
from app.published import published

ONLY_WHO_COUNTS = (
    "The paper format has no column that tells who counts from who does not, so it is of those alone who "
    "count. Leave --include out, or take the format 'wide' for everybody."
)


def export(  # noqa: PLR0913  # each is one thing a caller may ask
    session: Session,
    slug: str,
    export_format: Format,
    out: Path,
    *,
    include_synthetic: bool = False,
    include_uncounted: bool = False,
    with_external_ids: bool = False,
    tell: Tell = silent,
) -> dict[str, Any]:
    """Write an export's file and, beside it, its manifest; the manifest's content.

    `tell` hears how many of how many rows are written.

    `session` should be a snapshot. Who counts in the study is exported; on request also synthetic
    participants of a study for people, or everybody who ever came. Raises: NotFound; Conflict if the study
    does not fit the paper format, or that format was asked for with anybody else than who counts.
    """
    if export_format == "paper" and (include_synthetic or include_uncounted):
        raise Conflict(ONLY_WHO_COUNTS)
    source = open_source(
        session,
        slug,
        include_synthetic=include_synthetic,
        include_uncounted=include_uncounted,
        with_external_ids=with_external_ids,
    )
    counter = Counter(0 if tell is silent else expected(source, export_format), tell)
    with replacing(out) as partial:
        rows = write(partial, counter.over(table(source, export_format)), export_format)
    manifest = {
        "study": slug,
        "format": export_format,
        "file": out.name,
        "rows": rows,
        "sha256": sha256_of_file(out),
        **provenance(source),
    }
    path = out.with_name(f"{out.name}.manifest.json")
    write_whole(path, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    return manifest


def open_source(
    session: Session,
    slug: str,
    *,
    include_synthetic: bool = False,
    include_uncounted: bool = False,
    with_external_ids: bool = False,
) -> Source:
    """What exports of a study are taken from. Raises: NotFound."""
    study = queries.study_named(session, slug)
    if study is None:
        known = ", ".join(slugs(session)) or "none yet"
        raise NotFound(f"There is no study '{slug}'. Studies: {known}.")
    versions = queries.versions(session, study.id)
    modes = [study.audience, *(["synthetic"] if include_synthetic and study.audience == "people" else [])]
    if include_uncounted:
        modes = ["people", "preview", "pilot", "synthetic"]
    return Source(
        session=session,
        study=study,
        versions=versions,
        definitions=[StudyDefinition.model_validate(version.definition) for version in versions],
        modes=modes,
        who=queries.chosen(study, include_synthetic=include_synthetic, include_uncounted=include_uncounted),
        now=datetime.now(UTC),
        with_external_ids=with_external_ids,
    )


def expected(source: Source, export_format: Format) -> int:
    """About how many rows it has, where these grow with the answers."""
    ratings, responses = queries.counts(source.session, source.who)
    return {"wide": responses, "paper": responses}.get(export_format, ratings)


def provenance(source: Source) -> dict[str, Any]:
    """What every manifest says of where its data come from; its hashes tell nothing of payment codes."""
    return {
        "modes": source.modes,
        "versions": [
            {"number": one.number, "sha256": one.sha256, "definition_sha256": one.definition_sha256}
            for one in published(source.session, source.versions)
        ],
        "exported_at": source.now.isoformat(),
    }


def write(path: Path, content: Table, export_format: Format) -> int:
    """Write a table as its format asks; the number of rows."""
    if export_format == "jsonl":
        return write_json_lines(path, content)
    if export_format == "parquet":
        from app.exports.parquet import write_parquet  # noqa: PLC0415  # PyArrow takes 50 MB

        return write_parquet(path, content)
    # study.csv, which the paper format follows, ends its lines as Unix does.
    return write_csv(path, content, "\n" if export_format == "paper" else "\r\n")


def write_csv(path: Path, content: Table, line_end: str = "\r\n") -> int:
    """Write RFC 4180 CSV in UTF-8; the number of rows below the header."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator=line_end)
        writer.writerow(as_text(content.columns))
        rows = 0
        for rows, row in enumerate(content.rows, 1):  # noqa: B007  # the count is what is wanted
            writer.writerow(as_text(row))
    return rows


def as_text(row: Iterable[Cell]) -> list[str | int | float]:
    return [cell_text(cell) for cell in row]


def write_json_lines(path: Path, content: Table) -> int:
    """Write an object for each row, with the columns as keys; the number of rows.

    Letters outside ASCII are escaped: no reader can mistake the encoding, or U+2028 for the end of a line.
    """
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        rows = 0
        for rows, row in enumerate(content.rows, 1):  # noqa: B007  # the count is what is wanted
            fields = dict(zip(content.columns, map(json_value, row), strict=True))
            stream.write(json.dumps(fields) + "\n")
    return rows


def json_value(cell: Cell) -> str | int | float | bool | None:
    """A cell as JSON has it: numbers, true, false and null themselves, times in ISO 8601 UTC.

    A text is the text that was sent. What may start a formula stays as it is: programs read this format,
    no spreadsheet opens it by a double click, and an apostrophe would be a change to the data.
    """
    if isinstance(cell, datetime):
        return iso(cell)
    return None if cell == "" else cell
