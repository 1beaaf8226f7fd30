"""What is taken as a student that somebody sends."""

from fastapi import Request

from app.checkpoints import intake
from app.contract.student import LARGEST_MANIFEST_BYTES
from app.web.uploads import Kind, settings_of

ARCHIVES = (".zip", ".tar.gz", ".tgz")
LARGEST_UPLOAD_BYTES = 65 * 2**30  # of any installation; the settings say what this one takes


def weights(request: Request) -> Kind:
    """Archives, as large as there is room for. Raises: Invalid if there is none."""
    settings = settings_of(request)
    largest_mb = max(1, intake.room(settings).bytes // 2**20)
    instead = "Put it on the server and add it there: honeyglass checkpoint add PATH."
    return Kind(ARCHIVES, largest_mb, LARGEST_MANIFEST_BYTES, instead)
