from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.access import Level


class Form(BaseModel):
    model_config = ConfigDict(frozen=True)


class ShareForm(Form):
    email: Annotated[str, Field(min_length=3, max_length=300)]
    level: Level
