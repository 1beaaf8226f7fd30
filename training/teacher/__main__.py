"""`python -m training.teacher teacher.toml`: the stage alone."""

import typer

from training.teacher.stage import teacher

if __name__ == "__main__":
    typer.run(teacher)
