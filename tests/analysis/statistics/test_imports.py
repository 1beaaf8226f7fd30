"""The web process never pays for what only an analysis needs."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
HEAVY = ("pandas", "statsmodels", "matplotlib")


def test_neither_the_web_application_nor_the_commands_import_the_heavy_libraries() -> None:
    script = (
        "import sys, app.main, app.cli; [app.cli.commands_of(name) for name in app.cli.MODULES];"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
