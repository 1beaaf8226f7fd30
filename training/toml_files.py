"""Reading what people wrote as TOML, with complaints as sentences."""

import tomllib
from pathlib import Path

from pydantic import JsonValue

from app.contract.base import InvalidFile


def read_toml(path: Path) -> dict[str, JsonValue]:
    """Raises: InvalidFile."""
    try:
        fields: dict[str, JsonValue] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InvalidFile(f"{path}: there is no such file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidFile(f"{path.name}: not TOML ({error}).") from error
    return fields
