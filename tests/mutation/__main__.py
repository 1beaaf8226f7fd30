"""`python -m tests.mutation [path …] [--minutes N]`: how many mistakes the tests notice, and which not."""

import sys
import time
from argparse import ArgumentParser
from pathlib import Path

from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.mutants import mutants
from tests.mutation.targets import TARGETS
from tests.mutation.trying import fails, is_noticed, prepare

LONGEST_S = 900.0  # of a module's tests without a mistake
PATIENCE, LEAST_LIMIT_S = 5.0, 30.0  # a mistake that makes an endless loop is noticed when this is over


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def survivors_of(path: str, each: int, until: float) -> tuple[int, list[str]]:
    """How many mistakes were tried, and those no test noticed; equivalent ones are not tried."""
    tests = TARGETS[path]
    prepare(Path(path), tests)
    begun = time.monotonic()
    if fails(tests, LONGEST_S):
        raise SystemExit(f"{path}: its tests fail without any mistake; mend that first.")
    limit_s = max(LEAST_LIMIT_S, PATIENCE * (time.monotonic() - begun))
    tried, survivors = 0, []
    for number, mutant in enumerate(mutants(Path(path).read_text(encoding="utf-8"))):
        if number % each or mutant.name in EQUIVALENT.get(path, {}):
            continue
        if time.monotonic() >= until:
            say(f"  out of time at line {mutant.line}: the rest of {path} was not tried")
            break
        tried += 1
        if not is_noticed(Path(path), mutant, tests, limit_s):
            survivors.append(f"{path}:{mutant.line} {mutant.name}")
            say(f"  {survivors[-1]}")
    return tried, survivors


def main() -> None:
    parser = ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("paths", nargs="*", help="modules, all targets if none is named")
    parser.add_argument("--minutes", type=float, default=120, help="stop after so long (default 120)")
    parser.add_argument("--each", type=int, default=1, help="try only each so-manieth mistake (default 1)")
    asked = parser.parse_args()
    until = time.monotonic() + asked.minutes * 60
    tried = left = 0
    paths = asked.paths or list(TARGETS)
    for at, path in enumerate(paths):
        if time.monotonic() >= until:
            say(f"out of time; not reached: {', '.join(paths[at:])}")
            break
        number, survivors = survivors_of(path, asked.each, until)
        say(f"{path}: {number - len(survivors)} of {number} noticed")
        tried, left = tried + number, left + len(survivors)
    say(f"{tried - left} of {tried} noticed ({100 * (tried - left) / max(tried, 1):.1f} %)")


if __name__ == "__main__":
    main()
