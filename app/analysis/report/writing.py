"""Everything `honeyglass analyze` writes: figures, tables, data with an R script, and the report."""

import base64
import csv
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from sqlalchemy.orm import Session

from app.analysis import script
from app.analysis.analyses import everything
from app.analysis.figures.drawing import Drawn, draw_all
from app.analysis.from_csv import read_csv
from app.analysis.from_study import read_study
from app.analysis.material import Material
from app.analysis.report.contents import MODELS, VARIANTS, tables
from app.analysis.report.findings import findings
from app.analysis.report.page import ReportFigure, ReportFindings, ReportPage, ReportRule, ReportTable
from app.analysis.report.tables import Table, latex, write_csv
from app.analysis.report.words import cautions, methods
from app.analysis.tidy import COLUMNS, Note, Statistic
from app.exports.escaping import defused, one_line
from app.web.pages import render


def software() -> str:
    return f"Honeyglass {version('honeyglass')}"


def analyze_csv(path: Path, out: Path) -> dict[str, int]:
    """Raises: Invalid for a file that is not in the paper format; OSError."""
    return write_all(read_csv(path, software()), out)


def analyze_study(session: Session, slug: str, out: Path) -> dict[str, int]:
    """`session` should be a snapshot. Raises: NotFound; Conflict for a study without ratings; OSError."""
    return write_all(read_study(session, slug, software()), out)


def write_all(material: Material, out: Path) -> dict[str, int]:
    """Write the folder; how much there is of what."""
    out.mkdir(parents=True, exist_ok=True)
    found = list(everything(material))
    stamp = stamped(material)
    told_once = one_line("; ".join(f"{name}: {value}" for name, value in stamp))
    drawn = draw_all(material, found, out / "figures", told_once)
    made = list(tables(found, variants(found), is_adjusted=bool(material.covariates)))
    write_statistics(out, found)
    write_tables(out / "tables", made, told_once)
    script.write(material, out, told_once)
    page = ReportPage(
        title=material.origin.title,
        stamp=stamp,
        flow=tuple(material.flow.items()),
        rules=tuple(ReportRule(one.rule, one.people, one.responses) for one in material.removed),
        missing=material.missing,
        cautions=tuple(cautions(material, found)),
        findings=tuple(told(material, found)),
        methods=tuple(methods(material)),
        figures=tuple(embedded(one, out / "figures") for one in drawn),
        models=tuple(shown(one) for one in made if is_model(one)),
        others=tuple(shown(one) for one in made if not is_model(one)),
    )
    (out / "report.html").write_bytes(bytes(render(page).body))
    rows = sum(isinstance(one, Statistic) for one in found)
    pictures = sum(not one.sentence for one in drawn)
    return {"responses": len(material.frame), "statistics": rows, "tables": len(made), "figures": pictures}


def told(material: Material, found: Sequence[Statistic | Note]) -> Iterator[ReportFindings]:
    """What was found, first of the rows that the study declared before the data."""
    for variant in ("exclusions", "all_rows"):
        if sentences := tuple(findings(material, found, variant)):
            yield ReportFindings(VARIANTS[variant], sentences)


def stamped(material: Material) -> tuple[tuple[str, str], ...]:
    origin = material.origin
    return (
        ("Study", origin.title),
        ("Study version", origin.version),
        ("SHA-256 of the data", origin.sha256),
        ("Software", origin.software),
    )


def variants(found: Sequence[Statistic | Note]) -> list[str]:
    return list(dict.fromkeys(one.key.variant for one in found if one.key.variant != "published"))


def is_model(one: Table) -> bool:
    return any(one.name.startswith(analysis) for analysis, _, _ in MODELS)


def shown(one: Table) -> ReportTable:
    return ReportTable(one.name, one.title, one.header, one.rows, one.notes)


def embedded(one: Drawn, folder: Path) -> ReportFigure:
    """The figure as a data: address, so that the report is one file."""
    if one.sentence:
        return ReportFigure(one.name, one.caption, "", one.sentence)
    picture = base64.b64encode((folder / f"{one.name}.svg").read_bytes()).decode()
    return ReportFigure(one.name, one.caption, f"data:image/svg+xml;base64,{picture}", "")


def write_statistics(out: Path, found: Sequence[Statistic | Note]) -> None:
    """All figures at full precision, and beside them the sentences where there is none."""
    with (out / "statistics.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for one in found:
            if isinstance(one, Statistic):
                key = one.key
                place = (key.analysis, key.variant, key.construct, key.group1, key.group2, key.term)
                writer.writerow(
                    [*map(defused, place), one.quantity, "" if one.n is None else one.n, repr(one.value)]
                )
    with (out / "notes.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*COLUMNS[:6], "sentence"])
        for one in found:
            if isinstance(one, Note):
                key = one.key
                place = (key.analysis, key.variant, key.construct, key.group1, key.group2, key.term)
                writer.writerow(map(defused, (*place, one.sentence)))


def write_tables(folder: Path, made: Sequence[Table], stamp: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for one in made:
        if not one.rows:
            continue  # its sentences are in notes.csv
        write_csv(folder / f"{one.name}.csv", one)
        (folder / f"{one.name}.tex").write_text(latex(one, stamp), encoding="utf-8")
