"""Fetch a student from the Hugging Face hub, where one can be reached."""

import importlib.util
from pathlib import Path

from app.contract.weights import WANTED
from app.errors import Invalid


def download(hub_id: str) -> Path:
    """The folder of a hub's student, fetched or from the cache. Raises: Invalid if it cannot be had."""
    if importlib.util.find_spec("huggingface_hub") is None:
        raise Invalid(f"{hub_id}: there is no such folder, and for the hub the worker's packages are needed.")
    from huggingface_hub import snapshot_download  # noqa: PLC0415  # only who has the worker's packages has it

    try:
        return Path(snapshot_download(hub_id, allow_patterns=[f"*{suffix}" for suffix in sorted(WANTED)]))
    except (OSError, ValueError, RuntimeError) as error:
        raise Invalid(
            f"{hub_id}: there is no such folder, and the hub cannot be reached or does not have it "
            f"({type(error).__name__}). Download it elsewhere and add the folder."
        ) from error
