"""Provides the Chromium that browser tests drive; `python -m tests.browser.provide` makes sure of one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, sync_playwright

DEBIAN = Path("/usr/bin/chromium")
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NoBrowser(Exception):
    """The sentence says what to do about it."""


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def launch_options() -> dict[str, Any]:
    """What `playwright.chromium.launch` needs on this machine."""
    options: dict[str, Any] = {"args": [*QUIET, *(["--no-sandbox"] if is_root() else [])]}
    if DEBIAN.exists():
        options["executable_path"] = str(DEBIAN)
    return options


def ask(*command: str) -> None:
    """Run a command silently. Raises: NoBrowser with what it said, if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise NoBrowser(f"'{' '.join(command)}' failed:\n{said}")


def provide() -> None:
    """Install a Chromium unless there is one. Raises: NoBrowser."""
    if DEBIAN.exists():
        return
    if is_root() and shutil.which("apt-get"):
        ask("apt-get", "update")
        ask("apt-get", "install", "-y", "--no-install-recommends", "chromium")
    else:
        ask(sys.executable, "-m", "playwright", "install", "chromium")


def start() -> str:
    """Start the browser once; its version and where it lies. Raises: NoBrowser."""
    try:
        with sync_playwright() as playwright:
            options = launch_options()
            browser = playwright.chromium.launch(**options)
            version = browser.version
            browser.close()
            return (
                f"Chromium {version} ({options.get('executable_path', playwright.chromium.executable_path)})"
            )
    except Error as error:
        raise NoBrowser(f"Chromium does not start:\n{error}") from error


def main() -> None:
    try:
        provide()
        sys.stdout.write(f"Browser tests use {start()}.\n")
    except NoBrowser as error:
        advice = "Please install Chromium (Debian: apt-get install chromium) and run make browser again."
        sys.exit(f"There is no Chromium for the browser tests. {advice}\n{error}")


if __name__ == "__main__":
    main()
