"""The `honeyglass` command: thin; each command calls a service in a transaction of its own.

Only the module of the command that is run is loaded: all of them together take seconds.
"""

from collections.abc import Mapping
from importlib import import_module

import typer
from typer._click import Command, Context  # the types that typer's own methods have
from typer.core import TyperGroup
from typer.main import get_group_from_info
from typer.models import TyperInfo

# Each module's `commands` has them, in the order in which --help lists them.
MODULES = {
    "server": ("migrate", "serve", "background", "worker", "ready", "demo"),
    "material": ("questions", "bundle"),
    "checkpoint": ("checkpoint",),
    "study": ("study",),
    "user": ("user",),
    "data": ("export", "package", "simulate"),
    "analysis": ("analyze", "accuracy", "power"),
}


class Commands(TyperGroup):
    """Finds a command in its module, and loads all modules for a list of them or a name that is not known."""

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002  # typer's own signature
        known = [module for module, names in MODULES.items() if cmd_name in names]
        for module in known or MODULES:
            self.commands.update(commands_of(module))
        return self.commands.get(cmd_name)

    def list_commands(self, _ctx: Context) -> list[str]:
        for module in MODULES:
            self.commands.update(commands_of(module))
        return [name for names in MODULES.values() for name in names]


def commands_of(module: str) -> Mapping[str, Command]:
    info = TyperInfo(import_module(f"{__name__}.{module}").commands)
    group = get_group_from_info(
        info, pretty_exceptions_short=True, suggest_commands=True, rich_markup_mode=None
    )
    return group.commands


cli = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@cli.callback()
def honeyglass() -> None:
    # What makes `cli` a group, though no command is loaded yet. A docstring would stand in --help.
    pass


def main() -> None:
    cli()
