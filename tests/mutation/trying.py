"""One mistake and its tests, in a process of its own: what lies on the disk is never changed."""

import gc
import importlib
import importlib.util
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from inspect import CO_NEWLOCALS
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import hypothesis
import pytest

from tests.mutation.mutants import Mutant

PROFILE = "mutation"
POLL_S = 0.02
# What costs a second of each process, and helps only those who read what a test prints.
OPTIONS = (
    *("-x", "-q", "--assert=plain", "-m", "not postgres", f"--hypothesis-profile={PROFILE}"),
    *(
        f"-pno:{name}"
        for name in ("anyio", "cacheprovider", "xdist", "threadexception", "unraisableexception")
    ),
)
Key = tuple[str, int]  # name and first line


class Mistaken(SourceFileLoader):
    """Loads a module from the mistaken tree in place of its file."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self.code = code

    def get_code(self, fullname: str) -> CodeType:
        assert fullname == self.name
        return self.code


class Finder(MetaPathFinder):
    def __init__(self, name: str, code: CodeType) -> None:
        self.name, self.code = name, code

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        path = self.code.co_filename
        return importlib.util.spec_from_file_location(
            fullname, path, loader=Mistaken(fullname, path, self.code)
        )


def prepare(path: Path, tests: Sequence[str]) -> None:
    """Load the module, the application around it and its tests once, for every process that is forked off.

    Examples are the same each time and are not made smaller, since nobody reads them.
    """
    for name in ("fastapi.testclient", "app.main", module_name(path), *map(module_name, map(Path, tests))):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    hypothesis.settings.register_profile(
        PROFILE,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    )


def module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts)


def is_noticed(path: Path, mutant: Mutant, tests: Sequence[str], limit_s: float) -> bool:
    """Whether a test fails, or takes longer than the limit.

    A mistake in a function is first put into the function that is loaded, which is fast, and only if nobody
    notices into a module that is loaded anew: something may have kept what the function gave before.
    """
    module = sys.modules[module_name(path)]
    code = compile(mutant.tree, str(module.__file__), "exec", dont_inherit=True)
    is_inside = outside(code) == outside(compiled(module))
    ways = (True, False) if is_inside else (False,)
    return any(fails(tests, limit_s, code, module_name(path), in_place=way) for way in ways)


def fails(
    tests: Sequence[str],
    limit_s: float,
    code: CodeType | None = None,
    name: str = "",
    *,
    in_place: bool = True,
) -> bool:
    """Run tests in a process of their own, with a module's mistaken code if there is one."""
    child = os.fork()
    if child == 0:
        os.setsid()
        os._exit(tried(tests, code, name, in_place=in_place))
    status = waited(child, time.monotonic() + limit_s)
    return status is None or os.waitstatus_to_exitcode(status) != 0


def tried(tests: Sequence[str], code: CodeType | None, name: str, *, in_place: bool) -> int:
    """In the child: pytest's exit status."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, tempfile.TemporaryDirectory() as base:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        try:
            if code is not None and in_place:
                exchange(code)
            elif code is not None:
                load_anew(name, code)
            return int(pytest.main([*OPTIONS, "--basetemp", f"{base}/pytest", *tests]))
        except BaseException:  # noqa: BLE001  # whatever a mistake raises here was noticed
            return 1


def compiled(module: ModuleType) -> CodeType:
    path = Path(str(module.__file__))
    return compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True)


def outside(code: CodeType) -> list[object]:
    """What of a module runs when it is imported: all but the inside of functions."""
    found: list[object] = [code.co_name, code.co_code, code.co_names]
    for constant in code.co_consts:
        if not isinstance(constant, CodeType):
            found.append((type(constant), constant))
        elif not constant.co_flags & CO_NEWLOCALS:
            found.append(outside(constant))
    return found


def functions(code: CodeType) -> dict[Key, CodeType]:
    found: dict[Key, CodeType] = {}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= {(constant.co_qualname, constant.co_firstlineno): constant} | functions(constant)
    return found


def exchange(code: CodeType) -> None:
    """Put a module's mistaken functions in the place of those that are loaded."""
    mistaken = functions(code)
    gc.unfreeze()  # what is frozen is not listed
    for one in gc.get_objects():
        # `isinstance` would ask objects of any library what they are, and some answer with a warning.
        if type(one) is FunctionType and one.__code__.co_filename == code.co_filename:
            theirs = mistaken.get((one.__code__.co_qualname, one.__code__.co_firstlineno))
            if theirs is not None and theirs.co_freevars == one.__code__.co_freevars:
                one.__code__ = theirs
    gc.freeze()


def load_anew(name: str, code: CodeType) -> None:
    """Forget every module of ours, and have this one come with the mistake."""
    for loaded in [one for one in sys.modules if one.partition(".")[0] in {"app", "tests"}]:
        del sys.modules[loaded]
    sys.meta_path.insert(0, Finder(name, code))


def waited(child: int, until: float) -> int | None:
    """The child's status; None if it had to be killed, with all that it started."""
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(POLL_S)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None
