"""Everything `honeyglass analyze` writes: figures, tables, data with an R script, and the report."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from app.analysis import script
from app.analysis.analyses import everything
from app.analysis.course import Course, Tell, silent
from app.analysis.few import CLAIMED
from app.analysis.figures.drawing import Drawn, Sheet
from app.analysis.from_csv import read_csv
from app.analysis.from_study import read_study
from app.analysis.material import Material, Removed
from app.analysis.report.contents import MODELS, tables, variant_words
from app.analysis.report.equivalences import equivalence_methods, equivalences
from app.analysis.report.findings import findings
from app.analysis.report.leave_one_out import without_one, without_one_methods
from app.analysis.report.page import (
    ReportFigure,
    ReportFindings,
    ReportPage,
    ReportRule,
    Stamp,
    embedded,
    software,
    told_once,
)
from app.analysis.report.raters_needed import raters_methods, raters_needed
from app.analysis.report.study_words import standing, versions_and_plan
from app.analysis.report.tables import Table, latex, write_csv
from app.analysis.report.words import cautions, methods
from app.analysis.side_by_side import side_by_side
from app.analysis.tidy import Note, Statistic, write_statistics
from app.web.pages import render


def analyze_csv(path: Path, out: Path, tell: Tell = silent) -> dict[str, int]:
    """Raises: Invalid for a file that is not in the paper format; OSError."""
    return write_all(read_csv(path, software()), out, tell)


def analyze_study(
    session: Session, slug: str, out: Path, versions: str = "", tell: Tell = silent
) -> dict[str, int]:
    """`session` should be a snapshot. Raises: as `read_study`; OSError."""
    return write_all(read_study(session, slug, software(), versions), out, tell)


def write_all(material: Material, out: Path, tell: Tell = silent) -> dict[str, int]:
    """Write the folder; how much there is of what."""
    out.mkdir(parents=True, exist_ok=True)
    stamp = stamped(material)
    told = told_once(stamp)
    course = Course(total=len(material.outcomes) + 1, tell=tell)
    sheet = Sheet(material=material, folder=out / "figures", stamp=told)
    with side_by_side(len(material.frame)) as executor:
        drawing = sheet.draw_ratings(executor)
        found = list(everything(material, executor, course))
        drawn = [one.result() for one in (*sheet.draw_models(executor, found), *drawing)]
    made = list(tables(material, found))
    write_statistics(out, found)
    write_tables(out / "tables", made, told)
    script.write(material, out, told)
    page = ReportPage(
        title=material.origin.title,
        stamp=stamp,
        standing=tuple(standing(material)),
        flow=tuple(material.flow.items()),
        rules=in_rows(material.removed),
        are_rules_declared=material.plan.is_declared("exclude"),
        by_hand=in_rows(material.by_hand),
        missing=material.missing,
        cautions=(
            *versions_and_plan(material),
            *cautions(material, found),
            *without_one(material, found),
            *raters_needed(material, found),
        ),
        findings=tuple(in_sentences(material, found)),
        methods=(
            *methods(material, found),
            *equivalence_methods(material),
            *without_one_methods(found),
            *raters_methods(found),
        ),
        figures=tuple(pictured(one, out / "figures") for one in drawn),
        models=tuple(one for one in made if is_model(one)),
        others=tuple(one for one in made if not is_model(one)),
    )
    (out / "report.html").write_bytes(bytes(render(page).body))
    rows = sum(isinstance(one, Statistic) for one in found)
    pictures = sum(not one.sentence for one in drawn)
    return {"responses": len(material.frame), "statistics": rows, "tables": len(made), "figures": pictures}


def in_sentences(material: Material, found: Sequence[Statistic | Note]) -> Iterator[ReportFindings]:
    """What was found, first of the rows after exclusions; sentences that are true of several rows once."""
    words, told = variant_words(material), dict[tuple[str, ...], list[str]]()
    for variant in CLAIMED:
        sentences = (*findings(material, found, variant), *equivalences(material, found, variant))
        if sentences:
            told.setdefault(sentences, []).append(words[variant])
    for sentences, rows in told.items():
        yield ReportFindings(rows=", and the same of ".join(rows), sentences=sentences)


def in_rows(removed: Sequence[Removed]) -> tuple[ReportRule, ...]:
    return tuple(ReportRule(rule=one.rule, people=one.people, responses=one.responses) for one in removed)


def stamped(material: Material) -> Stamp:
    origin = material.origin
    return (
        ("Study", origin.title),
        ("Study version", origin.version),
        ("SHA-256 of the data", origin.sha256),
        ("Software", origin.software),
    )


def is_model(one: Table) -> bool:
    return any(one.name.startswith(analysis) for analysis, _, _ in MODELS)


def pictured(one: Drawn, folder: Path) -> ReportFigure:
    if one.sentence:
        return ReportFigure(name=one.name, caption=one.caption, source="", sentence=one.sentence)
    return embedded(one.name, one.caption, folder)


def write_tables(folder: Path, made: Sequence[Table], stamp: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for one in made:
        if not one.rows:
            continue  # its sentences are in notes.csv
        write_csv(folder / f"{one.name}.csv", one)
        (folder / f"{one.name}.tex").write_text(latex(one, stamp), encoding="utf-8")
