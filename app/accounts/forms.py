from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.access import Role


class Form(BaseModel):
    model_config = ConfigDict(frozen=True)


class SignInForm(Form):
    email: Annotated[str, Field(max_length=300)]
    password: Annotated[str, Field(max_length=1000)]


class UserForm(Form):
    email: Annotated[str, Field(max_length=300)]
    role: Role


class RoleForm(Form):
    role: Role


class TokenForm(Form):
    name: Annotated[str, Field(max_length=300)]
    days: int
