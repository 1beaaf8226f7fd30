"""`python -m app.background.child PARENT ARGUMENTS`: a honeyglass command that gives way to everybody else.

It ends with the background process that started it, however that ends.
"""

import os
import runpy
import sys

from app.web.processes import POLITENESS, end_with


def main() -> None:
    end_with(int(sys.argv[1]))
    os.setpriority(os.PRIO_PROCESS, 0, POLITENESS)
    sys.argv = ["honeyglass", *sys.argv[2:]]
    runpy.run_module("app.cli", run_name="__main__")


if __name__ == "__main__":
    main()
