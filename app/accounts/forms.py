from typing import Annotated

from pydantic import Field

from app.access import Role
from app.web.forms import SubmittedForm


class SignInForm(SubmittedForm):
    email: Annotated[str, Field(max_length=300)]
    password: Annotated[str, Field(max_length=1000)]


class UserForm(SubmittedForm):
    email: Annotated[str, Field(max_length=300)]
    role: Role


class RoleForm(SubmittedForm):
    role: Role


class TokenForm(SubmittedForm):
    name: Annotated[str, Field(max_length=300)]
    days: int
