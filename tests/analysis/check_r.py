"""Run the report's analysis.R and hold what it finds against statistics.csv.

make check-r, or python -m tests.analysis.check_r [a file in the paper format]
"""

import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.analysis import script
from app.analysis.analyses import everything
from app.analysis.from_csv import read_csv
from app.analysis.material import BY_HAND, BY_RULE, LENGTH, Material, Origin, completed
from app.analysis.tidy import COLUMNS, write_statistics
from tests.analysis.statistics.made import make_ratings
from tests.analysis.statistics.published import DATA

PACKAGES = ("r-base-core", "r-cran-ordinal", "r-cran-lme4", "r-cran-lmertest")
INSTALLED = 'quit(status = !all(sapply(c("ordinal", "lme4", "lmerTest"), requireNamespace, quietly = TRUE)))'
PLACE = [name for name in COLUMNS if name not in {"n", "value"}]
# Searches stop a little short of the maximum, R's and ours, and a p-value has its z's error times z.
CLOSE = {"clmm": 2e-3, "mixed": 1e-4, "shapiro": 1e-6, "clm": 1e-3}
Figures = dict[tuple[str, ...], float]


def provide() -> bool:
    """Whether there is R with its packages; where apt-get may install them, it does."""
    if has_packages():
        return True
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"Installing {', '.join(PACKAGES)} (200 MB)")
        subprocess.run(["apt-get", "update", "-qq"], check=True)  # noqa: S607  # Debian's own, by its name
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES]
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL)  # fixed words
        return has_packages()
    return False


def has_packages() -> bool:
    if shutil.which("Rscript") is None:
        return False
    return subprocess.run(["Rscript", "-e", INSTALLED], check=False).returncode == 0  # noqa: S607


def nasty() -> Material:
    """A study with all that has broken the script: gaps, a cell that never varies, odd labels, exclusions."""
    labels = {"a": "=first, 'quoted' \"twice\"", "b": "NA", "c": "dritte Bedingung – ü \\ 😀"}
    frame = make_ratings(20, people=20, questions=12, per_condition=3)
    frame["condition"] = frame["condition"].astype(str).map(labels)
    chance = np.random.default_rng(4)
    frame["use"] = frame["use"].where(frame["condition"] != "NA", 4.0).where(chance.random(len(frame)) > 0.2)
    frame["never"] = 3.0
    frame["missing_cell"] = frame["clarity"].where(frame["condition"] != "NA")
    frame[LENGTH] = frame[LENGTH].where(chance.random(len(frame)) > 0.1)
    frame['asked: your "age"'] = np.where(frame["participant"] < "p2", "18–24", "TRUE")
    frame[BY_RULE] = frame["participant"].isin(["p3", "p7"])
    frame[BY_HAND] = frame["participant"] == "p9"
    constructs = ("clarity", "use", "never", "missing_cell")
    conditions = tuple(labels.values())
    return Material(
        frame=completed(frame.drop(columns="Quality"), conditions, constructs),
        conditions=conditions,
        constructs=constructs,
        controls=('asked: your "age"',),
        origin=Origin(title="nasty", version="1", sha256="", software="test"),
        scale=tuple("12345"),
        primary=("clarity", "never"),
    )


def figures(path: Path) -> Figures:
    with path.open(encoding="utf-8", newline="") as stream:
        return {tuple(row[name] for name in PLACE): float(row["value"]) for row in csv.DictReader(stream)}


def run(material: Material, out: Path) -> tuple[Figures, Figures]:
    """What the script finds, and what we do. The locale is C, in which R knows no letters but ASCII's."""
    write_statistics(out, everything(material))
    script.write(material, out, "a check")
    done = subprocess.run(
        ["Rscript", "analysis.R"],  # noqa: S607
        cwd=out,
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"analysis.R ended with {done.returncode}:\n{done.stderr[-3000:]}")
    say(*sorted({f"  R: {line}" for line in done.stderr.splitlines() if "cannot be" in line}))
    return figures(out / "analysis-r.csv"), figures(out / "statistics.csv")


def compared(theirs: Figures, ours: Figures) -> Iterator[tuple[str, float, int, int]]:
    """Each analysis: the largest relative error, how many figures, and how many only R has."""
    for analysis in dict.fromkeys(place[0] for place in theirs):
        mine = {place: value for place, value in theirs.items() if place[0] == analysis}
        errors = [error(place, value, ours[place]) for place, value in mine.items() if place in ours]
        yield analysis, max(errors, default=0.0), len(errors), len(mine) - len(errors)


def error(place: tuple[str, ...], theirs: float, ours: float) -> float:
    """Relative, but of estimates and p-values near zero absolute."""
    floor = 0.1 if place[-1] in {"estimate", "z", "chi2"} else 1e-3
    return abs(ours - theirs) / max(abs(theirs), floor)


def limit(analysis: str) -> float:
    return next((close for start, close in CLOSE.items() if analysis.startswith(start)), 1e-9)


def check(name: str, material: Material) -> bool:
    say(f"{name}: {len(material.frame)} responses, {len(material.constructs)} constructs")
    began, is_good = time.monotonic(), True
    with tempfile.TemporaryDirectory() as folder:
        theirs, ours = run(material, Path(folder))
    for analysis, worst, count, alone in compared(theirs, ours):
        is_close = worst <= limit(analysis) and not alone
        is_good = is_good and is_close
        mark = "" if is_close else f"  <- limit {limit(analysis):.0e}"
        say(f"  {analysis:30} {count:4} figures, error {worst:.0e}, only in R {alone}{mark}")
    say(f"  in {time.monotonic() - began:.0f} s")
    return is_good


def say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def main(arguments: list[str]) -> int:
    if not provide():
        say(f"There is no R with its packages here. On Debian: apt-get install {' '.join(PACKAGES)}")
        return 1
    source = Path(arguments[0]) if arguments else DATA / "study.csv"
    results = [check("A nasty study", nasty())]
    if source.exists():
        results.append(check(source.name, read_csv(source, "a check")))
    else:
        say(f"{source} is not here, so no published study was compared: make check-r STUDY=path/to/study.csv")
    say("Equal." if all(results) else "Not equal.")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
