"""Process configuration, read once from the environment when a process starts."""

import errno
import os
import re
import secrets
import time
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from app import home

SECRET_FILE, DATABASE_FILE = "secret.key", "honeyglass.db"
SECRET_BYTES = 64
FEWEST_LETTERS = 8  # different bytes; a random key has fifteen or sixteen
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104  # compared: what a server may listen on and nobody can open
ORIGIN = re.compile(r"https?://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:\d{1,5})?", re.IGNORECASE)


class Settings(BaseSettings):
    """Every variable is spelled HONEYGLASS_ and the field's name in capitals."""

    model_config = SettingsConfigDict(env_prefix="HONEYGLASS_", frozen=True)

    home: Path = Path("var")
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    public_url: str = Field("", max_length=255, description="where people open this server")
    upload_mb: int = Field(64, ge=1, le=512, description="the largest file a browser may send")
    import_memory_mb: int = Field(1024, ge=256, description="for reading one file that was sent")
    threads: int = Field(2, ge=1, description="request threads per web process; see docs/adr/0003")
    redis_url: str = ""
    checkpoint_root: Path | None = None
    largest_checkpoint_mb: int = Field(8192, ge=1, le=65_536)
    checkpoint_quota_mb: int = Field(65_536, ge=1, description="of all checkpoints' files together")
    lease_seconds: float = Field(60, ge=1, description="after which what a silent process held is taken over")
    student_load_seconds: float = Field(600, ge=1, description="after which loading a student is stopped")
    student_trial_seconds: float = Field(300, ge=1, description="the same for a few questions it is tried on")
    student_batch_seconds: float = Field(1800, ge=1, description="the same for one batch of a run")
    student_memory_mb: int = Field(0, ge=0, description="of one student's process; 0: three quarters of all")
    token_days: int = Field(90, ge=1, le=366, description="the longest that an API token may be valid")
    require_second_factor: Literal["nobody", "admins", "everyone"] = "nobody"
    worker_threads: int = Field(0, ge=0, description="of PyTorch; 0: as many as the machine has cores")

    @field_validator("database_url")
    @classmethod
    def is_known(cls, value: str) -> str:
        try:
            kind = make_url(value).get_backend_name() if value else "sqlite"
        except ArgumentError:
            kind = ""
        if kind not in {"sqlite", "postgresql", "postgres"}:
            raise ValueError("expected an address like postgresql://user:password@host/database")
        return value

    @field_validator("public_url")
    @classmethod
    def can_be_opened(cls, value: str) -> str:
        """The address without a slash at its end, since pages' paths are put after it."""
        whole = value.strip().rstrip("/")
        found = ORIGIN.fullmatch(whole)
        if whole and (found is None or found[1].strip("[]") in EVERYWHERE):
            raise ValueError("expected an address like https://study.example.org, without a path")
        return whole

    @property
    def local_address(self) -> str:
        """Where a program on this machine reaches the server."""
        host = "localhost" if self.host in EVERYWHERE else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def public_address(self) -> str:
        """Where people open this server: HONEYGLASS_PUBLIC_URL, or else this machine alone."""
        return self.public_url or self.local_address

    @property
    def url(self) -> str:
        """The database's address; an SQLite file in `home` unless HONEYGLASS_DATABASE_URL names one.

        A plain postgresql:// address gets the driver this product installs.
        """
        if not self.database_url:
            return f"sqlite:///{(self.home / DATABASE_FILE).resolve()}"
        url = make_url(self.database_url)
        if url.drivername in {"postgresql", "postgres"}:
            url = url.set(drivername="postgresql+psycopg")
        return url.render_as_string(hide_password=False)

    def needs_second_factor(self, role: str) -> bool:
        return self.require_second_factor == "everyone" or (
            self.require_second_factor == "admins" and role == "admin"
        )

    @property
    def has_home(self) -> bool:
        """Whether a Honeyglass lives in `home`: another program's folder may have the same name."""
        return any((self.home / name).exists() for name in (SECRET_FILE, DATABASE_FILE))

    @property
    def default_workers(self) -> int:
        """One process for SQLite, which has one writer; two for PostgreSQL."""
        return 1 if self.url.startswith("sqlite") else 2

    def load_secret(self) -> bytes:
        """The key that signs tokens and forms, made on first use and readable by its owner alone."""
        path = self.home / SECRET_FILE
        home.make(self.home)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return whole_secret(path)
        with os.fdopen(handle, "wb") as stream:
            stream.write(secrets.token_hex(32).encode())
        return whole_secret(path)


def whole_secret(path: Path, patience_s: float = 2) -> bytes:
    """Read the key; another process may be writing it this moment.

    Raises: OSError for one that is damaged, no secret, or readable by others.
    """
    deadline = time.monotonic() + patience_s
    while len(secret := path.read_bytes()) < SECRET_BYTES:
        if time.monotonic() > deadline:
            raise OSError(
                errno.EINVAL, "damaged; restore it from a backup, or delete it to get a new one", str(path)
            )
        time.sleep(0.01)
    if len(set(secret)) < FEWEST_LETTERS:
        raise OSError(errno.EINVAL, "not a random secret; delete it to get a new one", str(path))
    if path.stat().st_mode & 0o077:
        raise OSError(errno.EACCES, "readable by others than its owner; run chmod 600 on it", str(path))
    return secret
