"""A hostile student's process is killed with a reason; the worker, and the honest student after it, go on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from peft import LoraConfig, get_peft_model
from transformers import LlamaForCausalLM

from app.checkpoints import service as checkpoints
from app.checkpoints.intake import take_in
from app.models import Checkpoint
from app.queue import make_queue
from app.settings import Settings
from app.web.db import Database
from app.worker.student_process import OWN_CODE, environment
from app.worker.work import Workbench
from tests.worker.hostile import HOSTILE
from tests.worker.students import finish, make_llama


@pytest.fixture
def bench(sqlite_url: str, tmp_path: Path) -> Iterator[Workbench]:
    settings = Settings(home=tmp_path / "home", database_url=sqlite_url, worker_threads=1)
    made = Workbench(settings, Database(sqlite_url), make_queue(settings))
    yield made
    made.let_go()
    made.database.engine.dispose()


def verify(bench: Workbench, folder: Path) -> Checkpoint:
    with bench.database.transaction(writing=True) as session:
        number = checkpoints.register(session, take_in(bench.settings, str(folder)), folder.name).id
    bench.verify(number)
    with bench.database.transaction() as session:
        return session.get_one(Checkpoint, number)


def limited(bench: Workbench, **limits: float) -> None:
    bench.settings = bench.settings.model_copy(update=limits)


def test_students_that_never_end_are_stopped_and_the_next_is_verified(
    bench: Workbench, tmp_path: Path
) -> None:
    for kind, load_s in (("nested-loops", 60), ("endless-regex", 20), ("million-layers", 20)):
        limited(bench, student_load_seconds=load_s, student_trial_seconds=3)
        found = verify(bench, HOSTILE[kind](tmp_path / kind))
        assert (found.state, found.reason) == ("failed", found.reason), kind
        assert "took longer than" in str(found.reason), kind
    limited(bench, student_load_seconds=600, student_trial_seconds=300)
    assert verify(bench, make_llama(tmp_path / "honest")).state == "ready"


def test_a_student_that_takes_all_memory_is_stopped(bench: Workbench, tmp_path: Path) -> None:
    limited(bench, student_memory_mb=1024)
    found = verify(bench, HOSTILE["large-text"](tmp_path / "large-text"))
    assert found.state == "failed"
    assert "took more than 1,024 MB of memory" in str(found.reason)


def test_a_students_process_is_kept_over_batches_and_knows_no_secret(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HONEYGLASS_DATABASE_URL", "HF_TOKEN", "PGPASSWORD"):
        monkeypatch.setenv(name, "a secret")
    found = verify(bench, make_llama(tmp_path / "honest"))
    first = bench.student(found, "fp32")
    assert bench.student(found, "fp32") is first
    assert "a secret" not in psutil.Process(first.process.pid).environ().values()
    assert "a secret" not in environment(os.environ).values()
    first.process.kill()
    first.process.wait()
    assert bench.student(found, "fp32").is_alive


def test_a_students_process_runs_in_an_empty_folder_and_imports_by_whole_paths(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "somewhere")
    found = verify(bench, make_llama(tmp_path / "honest"))
    child = bench.student(found, "fp32")
    folder = Path(psutil.Process(child.process.pid).cwd())
    assert list(folder.iterdir()) == []
    assert folder.stat().st_mode & 0o777 == 0o500
    paths = psutil.Process(child.process.pid).environ()["PYTHONPATH"].split(os.pathsep)
    assert paths == [str(OWN_CODE), str(Path.cwd() / "somewhere")]


def test_a_model_of_the_hub_is_never_a_folder_below_the_workers(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_llama(tmp_path / "runs" / "tiny")
    base = LlamaForCausalLM.from_pretrained(tmp_path / "runs" / "tiny")
    config = LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM")
    folder = tmp_path / "adapter"
    get_peft_model(base, config).save_pretrained(folder)
    finish(
        folder,
        architecture="decoder-only",
        base={"source": "hub", "id": "runs/tiny"},
        adapter={"kind": "lora", "rank": 2},
    )
    monkeypatch.chdir(tmp_path)
    found = verify(bench, folder)
    assert found.state == "failed"
    assert "couldn't find them in the cached files" in str(found.reason)


def test_the_workers_own_process_loads_no_machine_learning() -> None:
    script = (
        "import sys, app.worker.__main__;"
        "print([name for name in ('torch', 'transformers', 'peft') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process that never comes back outlives it")
def test_a_students_process_dies_with_its_worker_even_in_the_middle_of_a_call() -> None:
    script = (
        "import subprocess, sys, time\n"
        "hang = 'import os, app.worker.child as c; c.end_with(os.getppid()); '\n"
        "hang += 'print(1, flush=True); sum(range(10**13))'\n"
        "p = subprocess.Popen([sys.executable, '-c', hang], stdout=subprocess.PIPE); p.stdout.readline()\n"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert worker.stdout is not None
    child = int(worker.stdout.readline())
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    deadline = time.monotonic() + 60
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
