"""What is installed is what is locked: every package, by version and hash (`make lock` writes the files)."""

import re
import subprocess
import tomllib
from collections.abc import Iterable
from importlib.metadata import metadata, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ENTRY = re.compile(
    r"^(?P<name>[\w.-]+)(\[[^\]]*\])?==(?P<version>[^\s;]+)(?P<rest>(?:[^\n]*\\\n)*[^\n]*)", re.MULTILINE
)


def pins(text: str) -> dict[str, str]:
    return {canonicalize_name(found["name"]): found["version"] for found in ENTRY.finditer(text)}


def closure(requirements: Iterable[str]) -> set[str]:
    """Every package that these need on this machine, themselves included."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [Requirement(line) for line in requirements]
    while waiting:
        one = waiting.pop()
        if str(one) in seen or not is_needed(one, ""):
            continue
        seen.add(str(one))
        found.add(canonicalize_name(one.name))
        for line in requires(one.name) or ():
            below = Requirement(line)
            if any(is_needed(below, extra) for extra in ("", *one.extras)):
                below.marker = None
                waiting.append(below)
    return found


def is_needed(one: Requirement, extra: str) -> bool:
    return one.marker is None or one.marker.evaluate({"extra": extra})


@pytest.mark.parametrize("kind,extras", [("web", ()), ("dev", ("dev",))])
def test_every_package_that_is_installed_is_locked_by_version_and_hash(
    kind: str, extras: tuple[str, ...]
) -> None:
    text = (ROOT / "locks" / f"{kind}.txt").read_text()
    locked, pinned = pins(text), pins((ROOT / "constraints.txt").read_text())
    wanted = [*PROJECT["dependencies"], "setuptools"]
    wanted += [line for extra in extras for line in PROJECT["optional-dependencies"][extra]]
    needed = closure(wanted)
    assert len(needed) > 60
    assert needed <= locked.keys(), "make lock"
    for entry in ENTRY.finditer(text):
        assert "--hash=sha256:" in entry["rest"], entry["name"]
        name = canonicalize_name(entry["name"])
        # What only another platform needs is locked without being pinned.
        assert pinned.get(name) == entry["version"] or " ; " in entry["rest"], f"{name}: make lock"


def test_the_makefile_installs_nothing_but_the_lock_and_this_project() -> None:
    command = ["make", "--always-make", "--dry-run", "setup"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    installs = [line for line in said.splitlines() if "pip install" in line]
    assert len(installs) == 2
    assert "--require-hashes -r locks/dev.txt" in installs[0]
    assert "--no-deps" in installs[1]


# Packages whose licence binds what uses them, or forbids some uses; the lesser GPL does neither to a library.
BINDING = re.compile(r"(?<!L)(?<!Lesser )GPL|Affero|GNU General Public|Non-?Commercial|-NC\b", re.IGNORECASE)


def licence_of(name: str) -> str:
    said = metadata(name)
    classifiers = [line for line in said.get_all("Classifier") or () if line.startswith("License ::")]
    texts = [*(said.get_all("License-Expression") or ()), *(said.get_all("License") or ())]
    return "; ".join([*(text[:200] for text in texts), *classifiers])


def test_no_package_that_is_needed_has_a_licence_that_binds_this_product() -> None:
    licences = {name: licence_of(name) for name in closure(PROJECT["dependencies"])}
    assert len(licences) > 50
    assert {name: text for name, text in licences.items() if BINDING.search(text)} == {}
    assert BINDING.search("GPL-3.0-or-later")
    assert not BINDING.search(
        "LGPL-3.0-only; License :: OSI Approved :: GNU Lesser General Public License v3"
    )
