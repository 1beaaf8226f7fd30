from typing import Annotated

from pydantic import Field

from app.web.forms import SubmittedForm


class RehearsalForm(SubmittedForm):
    """As many as a study needs in an afternoon; larger runs are the command line's."""

    participants: Annotated[int, Field(ge=1, le=1000)]
    concurrency: Annotated[int, Field(ge=1, le=50)]
    dropout: Annotated[float, Field(ge=0, le=1)] = 0
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0
