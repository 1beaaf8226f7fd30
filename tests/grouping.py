"""Which tests stay in one process where several share them: those of a file, and all that need a browser."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# A Chromium and a server with the demo study take ten seconds of CPU to start: once for all of these files.
TOGETHER = "tests/browser"


def make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """For `--dist loadfile`; the largest groups come first."""
    if config.getvalue("dist") != "loadfile":
        return None
    made = LoadFileScheduling(config, log)
    made._split_scope = group
    return made


def group(nodeid: str) -> str:
    return TOGETHER if nodeid.startswith(f"{TOGETHER}/") else nodeid.partition("::")[0]
