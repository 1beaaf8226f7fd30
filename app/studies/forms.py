from typing import Annotated

from pydantic import Field

from app.access import Level
from app.web.forms import SubmittedForm


class ShareForm(SubmittedForm):
    email: Annotated[str, Field(min_length=3, max_length=300)]
    level: Level
