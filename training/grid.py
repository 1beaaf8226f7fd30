"""A grid of runs: methods × data × sizes × seeds over one shared training config."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from app.contract.base import Contract, Text
from app.contract.complaints import validated
from training.toml_files import read_toml

Overrides = dict[str, Any]


class Commands(Contract):
    """How one run is made; {python}, {config} and {run} (the run's folder) are filled in."""

    train: tuple[Text, ...] = ("{python}", "-m", "training", "train", "{config}", "--resume")
    evaluate: tuple[Text, ...] = ("{python}", "-m", "training", "evaluate", "{run}")


class Keys(Contract):
    """Where the training config has what every run has its own of; dots lead into tables."""

    seed: Text = "seed"
    out: Text = "out"
    name: Text | None = "name"


class Grid(Contract):
    """Each axis names its values and what each changes in the config that all runs share."""

    config: Path
    out: Path
    seeds: tuple[int, ...] = Field(min_length=1)
    methods: dict[Text, Overrides] = Field(min_length=1)
    data: dict[Text, Overrides] = Field(min_length=1)
    sizes: dict[Text, Overrides] = Field(min_length=1)
    skip: tuple[Text, ...] = ()  # "method:data", for what is not worth training
    keys: Keys = Keys()
    commands: Commands = Commands()
    all_conditions: bool = True


@dataclass(frozen=True)
class Planned:
    """One run: where it lies in the grid, and its training config."""

    method: str
    data: str
    size: str
    seed: int
    folder: Path
    config: dict[str, Any]

    @property
    def name(self) -> str:
        return self.folder.name


def read_grid(path: Path) -> Grid:
    """Read a grid; paths in it are relative to it. Raises: InvalidFile."""
    grid = validated(Grid, read_toml(path), path.name)
    folder = path.parent
    return grid.model_copy(update={"config": folder / grid.config, "out": folder / grid.out})


def plan(grid: Grid, precision: str | None = None) -> Iterator[Planned]:
    """Yield every run of the grid, seed by seed, so that an unfinished experiment is balanced.

    `precision` stands in for `auto`, so that all runs train in the same one.
    """
    shared = read_toml(grid.config)
    for seed in dict.fromkeys(grid.seeds):
        for size, by_size in grid.sizes.items():
            for method, by_method in grid.methods.items():
                for data, by_data in grid.data.items():
                    if f"{method}:{data}" in grid.skip:
                        continue
                    folder = grid.out.absolute() / "runs" / f"{size}-{method}-{data}-seed{seed}"
                    keys = grid.keys
                    own = {keys.seed: seed, keys.out: str(folder)}
                    if keys.name is not None:
                        own[keys.name] = folder.name
                    config = merged(
                        shared, by_size, by_method, by_data, *(nested(*each) for each in own.items())
                    )
                    if precision is not None and leaves_precision_open(config):
                        config = merged(config, nested("optimization.precision", precision))
                    yield Planned(
                        method=method, data=data, size=size, seed=seed, folder=folder, config=config
                    )


def leaves_precision_open(config: Mapping[str, Any]) -> bool:
    """Whether a run of ours would ask the machine for its precision."""
    how = config.get("optimization")
    return isinstance(how, dict) and how.get("precision", "auto") == "auto"


def merged(*tables: Mapping[str, Any]) -> dict[str, Any]:
    """Later tables win; tables within tables are merged, not replaced."""
    result: dict[str, Any] = {}
    for table in tables:
        for key, value in table.items():
            before = result.get(key)
            both = isinstance(value, dict) and isinstance(before, dict)
            result[key] = merged(before, value) if both and isinstance(before, dict) else value
    return result


def nested(key: str, value: object) -> dict[str, Any]:
    """A value under a dotted key: "a.b" becomes {"a": {"b": value}}."""
    head, _, rest = key.partition(".")
    return {head: nested(rest, value) if rest else value}
