"""Commands that turn ratings into figures, tables and a report, and that plan how many are needed."""

import gc
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.common import AsJson, Tell, complain, complaining, opened, say, telling

if TYPE_CHECKING:
    from app.analysis.power import Power

commands = typer.Typer()


@commands.command()
def analyze(
    out: Annotated[Path, typer.Option(help="The folder to write; report.html is the way in.")],
    slug: Annotated[str | None, typer.Argument(help="The study's slug, as in its address /s/SLUG.")] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="A file in the paper format, instead of a study.")
    ] = None,
    versions: Annotated[
        str,
        typer.Option(
            metavar="N|all",
            help="Of a study: this version with those that are like it (the newest, if not said), or all.",
        ),
    ] = "",
    tell: Tell = False,
    as_json: AsJson = False,
) -> None:
    """Write the statistics, figures and report of a study, or of an earlier study's file."""
    if (slug is None) == (csv is None):
        complain("Say which study (its slug), or which file (--csv FILE): one of the two.", as_json)
    if versions and csv is not None:
        complain("A file has no versions; --versions goes with a study.", as_json)
    # Seconds and megabytes that no other command should pay for.
    from app.analysis.report import writing  # noqa: PLC0415  # said above

    gc.freeze()  # statsmodels collects garbage at each correction of p-values; what was loaded is none

    if csv is not None:
        with complaining(as_json), telling(tell, "Reading") as told:
            written = writing.analyze_csv(csv, out, told)
    else:
        with opened(as_json) as database, database.snapshot() as session, telling(tell, "Reading") as told:
            written = writing.analyze_study(session, str(slug), out, versions, told)
    text = (
        f"Wrote {out / 'report.html'}: {written['responses']} responses, {written['statistics']} figures in "
        f"statistics.csv, {written['tables']} tables, {written['figures']} pictures."
    )
    say({"ok": True, "out": str(out), **written}, text, as_json)


@commands.command()
def accuracy(
    results: Annotated[Path, typer.Argument(help="The table of an experiment's runs (results.csv).")],
    out: Annotated[Path, typer.Option(help="The folder to write; report.html is the way in.")],
    all_conditions: Annotated[
        bool, typer.Option("--all-conditions", help="Not only the four conditions the paper compares.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Analyse the accuracy of an experiment's students as the paper does, with and without outliers."""
    from app.analysis.accuracy import writing  # noqa: PLC0415  # as above

    with complaining(as_json):
        sentences = writing.analyze(results, out, is_paper=not all_conditions)
    text = "\n".join([*sentences, f"Wrote {out / 'report.html'}"])
    say({"ok": True, "out": str(out), "sentences": sentences}, text, as_json)


@commands.command()
def power(
    participants: Annotated[str, typer.Option(help="A number, or a range like 50..400.")] = "50..400",
    step: Annotated[int, typer.Option(min=1, help="Between the numbers of a range.")] = 50,
    conditions: Annotated[int, typer.Option(min=2, max=20, help="Conditions of the study.")] = 4,
    items: Annotated[int, typer.Option(min=1, max=32, help="Items of a participant per condition.")] = 3,
    between: Annotated[bool, typer.Option("--between", help="Each participant rates one condition.")] = False,
    constructs: Annotated[int, typer.Option(min=1, max=20, help="Constructs; the first has the effect.")] = 1,
    questions: Annotated[int, typer.Option(min=2, help="Questions that items are drawn from.")] = 100,
    effect: Annotated[float, typer.Option(help="Log odds by which one condition differs.")] = 0.5,
    person_sd: Annotated[float, typer.Option(min=0, help="Of people, on the logit.")] = 1.58,
    question_sd: Annotated[float, typer.Option(min=0, help="Of questions.")] = 0.31,
    text_sd: Annotated[float, typer.Option(min=0, help="Of texts.")] = 0.0,
    pair_sd: Annotated[float, typer.Option(min=0, help="Of what a person thinks of a condition.")] = 0.0,
    thresholds: Annotated[
        str, typer.Option(help="Between the points of the scale, on the logit.")
    ] = "-4.5,-2.72,-1.86,0.81",
    drop_out: Annotated[float, typer.Option(min=0, max=0.99, help="Share of people who leave early.")] = 0.0,
    simulations: Annotated[int, typer.Option(min=20, help="Studies for each number.")] = 200,
    model: Annotated[str, typer.Option(help="mixed (linear), or clmm (as the report).")] = "mixed",
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.")] = 1,
    out: Annotated[Path | None, typer.Option(help="A folder for power.csv and the curve.")] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate studies: how many participants an effect needs, and how often chance looks like one."""
    from app.analysis import power as planning  # noqa: PLC0415  # as above

    if model not in {"mixed", "clmm"}:
        complain(f"--model: there is mixed and clmm, not '{model}'.", as_json)
    chosen: planning.Model = "mixed" if model == "mixed" else "clmm"
    with complaining(as_json):
        world = planning.World(
            conditions=conditions,
            items=items,
            questions=questions,
            effect=effect,
            person_sd=person_sd,
            question_sd=question_sd,
            text_sd=text_sd,
            pair_sd=pair_sd,
            thresholds=planning.read_thresholds(thresholds),
            constructs=constructs,
            drop_out=drop_out,
            is_between=between,
        )
        world.check()
        numbers = planning.counts(participants, step)
        found = list(planning.curve(world, numbers, simulations, chosen, seed))
        nothing = planning.power_at(replace(world, effect=0), numbers[-1], simulations, chosen, seed)
        if out is not None:
            planning.write([*found], out, f"honeyglass power, {world}, {simulations} simulations, {model}")
    enough = {f"{target:.0%}": planning.smallest(found, target) for target in planning.TARGETS}
    lines = [f"{one.participants} participants: {said(one)}" for one in found]
    lines += [f"Power of {target}: {number or 'not reached'}" for target, number in enough.items()]
    lines.append(
        f"Without any effect ({numbers[-1]} participants), some construct is said to differ in "
        f"{nothing.any_claim:.1%}"
    )
    summary = {"curve": [asdict(one) for one in found], "enough": enough, "type_1_error": asdict(nothing)}
    say({"ok": True, **summary}, "\n".join(lines), as_json)


def said(one: "Power") -> str:
    return f"{one.power:.1%} ({one.low:.1%} to {one.high:.1%}); a pair that differs: {one.pairs:.1%}"
