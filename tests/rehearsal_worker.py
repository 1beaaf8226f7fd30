"""Students under kills: 200 questions each, the worker killed with -9 twice, and once without any kill.

`make rehearse-worker` takes three checkpoints through the commands an admin uses: the real SmolLM2, the same
with an adapter, and a tiny random T5. Each must come out with every explanation once, and with the same
texts as the run that nobody disturbed.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from app.contract.bundle import read_bundle
from tests.rehearsal import materials, report
from tests.servers import BIN
from tests.worker.students import asked, finish, make_adapter, make_smollm2, make_t5

QUESTIONS = 200
KILLS = (0.3, 0.6)  # at this share of the questions
PATIENCE_S = 900
WAY: dict[str, Any] = {
    "format": "chat",
    "choice_separator": "\n",
    "steps": [
        {
            "name": "answer",
            "input": "{question}\n{choices}\nWhich choice is right? Answer with the choice.",
            "max_new_tokens": 12,
            "read": {"answer": {"strip": " ."}},
        },
        {
            "name": "explanation",
            "input": "{question}\n{choices}\nExplain in two sentences why the answer is {answer}.",
            "max_new_tokens": 80,
            "read": {"explanation": {"strip": " "}},
        },
    ],
}


class Place:
    """A home, its commands, and one worker that may be killed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = {**os.environ, "HONEYGLASS_HOME": str(home), "HONEYGLASS_LEASE_SECONDS": "5"}
        self.start()

    def start(self) -> None:
        with (self.home / "worker.log").open("ab") as log:
            self.worker = subprocess.Popen(
                [sys.executable, "-m", "app.worker"], env=self.env, stdout=log, stderr=log
            )

    def kill(self) -> None:
        self.worker.kill()
        self.worker.wait()

    def tell(self, *arguments: str) -> Any:
        command = [str(BIN / "honeyglass"), *arguments, "--json"]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"honeyglass {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def wait_until(self, name: str, is_so: Any) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            found = self.tell("checkpoint", "show", name)
            if is_so(found):
                return found
            time.sleep(0.2)
        return sys.exit(f"{name}: nothing happened for {PATIENCE_S} s; see {self.home / 'worker.log'}")

    def generate(self, name: str, kills: tuple[float, ...]) -> tuple[int, list[int]]:
        """A complete run's number, and how many explanations there were at each kill."""
        run = self.tell("checkpoint", "generate", name, "--questions", "cqa", "--limit", str(QUESTIONS))
        killed = []
        for share in kills:
            self.wait_until(name, lambda found, share=share: found["runs"][0]["done"] >= share * QUESTIONS)
            time.sleep(0.5)  # into the next batch
            self.kill()
            killed.append(int(self.tell("checkpoint", "show", name)["runs"][0]["done"]))
            self.start()
        found = self.wait_until(name, lambda found: found["runs"][0]["state"] != "running")
        assert found["runs"][0]["state"] == "complete", found["runs"][0]
        return int(run["run_id"]), killed


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        place = Place(home)
        try:
            return rehearse(place, Path(folder))
        finally:
            place.kill()


def rehearse(place: Place, folder: Path) -> int:
    place.tell("migrate", "--new")
    place.tell("questions", "import", str(materials()[0]), "--format", "cqa", "--name", "cqa")
    students = {
        "smollm2": make_smollm2(folder / "smollm2", WAY),
        "adapter": make_adapter(folder / "adapter", WAY),
        "t5": make_slow_t5(folder / "t5"),
    }
    checks: dict[str, bool] = {}
    for name, source in students.items():
        checks |= take_through(place, name, source, folder)
    return report(checks)


def make_slow_t5(folder: Path) -> Path:
    """A tiny T5 that writes so long that it can be killed meanwhile."""
    make_t5(folder)
    (folder / "student.json").unlink()
    steps = [{**step, "max_new_tokens": 400} for step in WAY["steps"]]
    way = {"choice_separator": " ", "steps": steps}
    return finish(folder, architecture="encoder-decoder", ask=asked(way))


def take_through(place: Place, name: str, source: Path, folder: Path) -> dict[str, bool]:
    place.tell("checkpoint", "add", str(source), "--name", name)
    found = place.wait_until(name, lambda found: found["state"] not in {"registered", "verifying"})
    assert found["state"] == "ready", found["reason"]
    started = time.monotonic()
    run, killed = place.generate(name, KILLS)
    seconds = time.monotonic() - started
    undisturbed, _ = place.generate(name, ())
    texts = []
    for number in (run, undisturbed):
        out = folder / f"{name}-{number}"
        place.tell("checkpoint", "export", str(number), "--out", str(out))
        rows = [row for _, row in read_bundle(out).rows]
        texts.append({row.question_id: (row.predicted_answer, row.explanation) for row in rows})
        assert len(rows) == QUESTIONS, len(rows)
    sys.stdout.write(
        f"{name}: {QUESTIONS} questions in {seconds:.0f} s, killed at {killed}, {len(texts[0])} distinct\n"
    )
    return {
        f"{name}: killed in mid-run": all(0 < done < QUESTIONS for done in killed),
        f"{name}: {QUESTIONS} explanations, none twice": len(texts[0]) == QUESTIONS,
        f"{name}: the same texts as undisturbed": texts[0] == texts[1],
    }


if __name__ == "__main__":
    sys.exit(main())
