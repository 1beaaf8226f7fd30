"""The list of commands and what each of them loads."""

import subprocess
import sys

from typer.testing import CliRunner

from app.cli import MODULES, cli, commands_of

NOT_NEEDED = ("app.cli.server", "app.cli.checkpoint", "fastapi", "huey", "redis", "scipy", "uvicorn")


def test_every_command_is_listed_and_none_is_left_out() -> None:
    listed = CliRunner().invoke(cli, ["--help"]).stdout.partition("Commands:\n")[2]
    names = [name for module in MODULES.values() for name in module]
    assert [line.split()[0] for line in listed.splitlines()] == names
    assert sorted(name for module in MODULES for name in commands_of(module)) == sorted(names)


def test_a_wrong_name_is_told_the_nearest_one() -> None:
    assert "Did you mean 'study'?" in CliRunner().invoke(cli, ["studdy"]).stderr


def test_a_command_loads_its_own_module_and_not_the_others() -> None:
    script = (
        "import sys; from typer.testing import CliRunner; from app.cli import cli;"
        "assert CliRunner().invoke(cli, ['questions', 'import', '--help']).exit_code == 0;"
        f"print([name for name in {NOT_NEEDED!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
