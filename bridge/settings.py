# SPDX-License-Identifier: EUPL-1.2
"""One typed settings object, read once at start from the environment (``STT_…``) or an env file.

Every name below is an environment variable with the prefix ``STT_``; the carrier's own settings
are nested with two underscores: ``STT_ASTERISK__AMI_PORT=5038``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class AsteriskSettings(BaseModel):
    """How to reach the Asterisk that holds the calls. Loopback or a private network only."""

    ami_host: str = "127.0.0.1"
    ami_port: int = 5038
    reader_user: str = "bridge-reader"
    """AMI user that sees events and lists, and can change nothing."""
    reader_secret: SecretStr = SecretStr("")
    writer_user: str = "bridge-writer"
    """AMI user that rings, moves and hangs up, and sees no events."""
    writer_secret: SecretStr = SecretStr("")
    agi_host: str = "127.0.0.1"
    agi_port: int = 4573
    trunk: str = "carrier"
    """Name of the PJSIP endpoint through which numbers are rung."""


class Settings(BaseSettings):
    """Everything that differs between installations."""

    model_config = SettingsConfigDict(
        env_prefix="STT_", env_nested_delimiter="__", env_file=".env", extra="ignore"
    )

    database_url: str = "sqlite+aiosqlite:///var/bridge.sqlite3"
    pepper: SecretStr = SecretStr("")
    """Secret mixed into every PIN hash; kept outside the database. At least 32 characters."""
    prompts_dir: Path = Path("var/prompts")
    """Where rendered prompts are: one folder a language."""
    recordings_dir: Path = Path("var/recordings")
    """Prompts spoken by people, laid out alike; they win over rendered ones."""
    caller_id: str = "+351218106191"
    """The number that interpreters and migrants see."""
    ring_seconds: float = Field(default=20.0, gt=0)
    """How long an interpreter's telephone rings before the next one is tried."""
    policy: str = "default"
    """How interpreters are chosen and rung: default, longest_idle, round_robin, leastrecent or
    ring_all."""
    fairness: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """What an even share of the work is worth to the policy `default`, in lost calls; none: as
    much as it sets itself."""
    levels: str = "A,B,C,D,E"
    """The names of the levels of interpreters, the highest first, with commas between them."""
    migrant_ring_seconds: float = Field(default=40.0, gt=0)
    """How long a migrant's telephone rings."""
    operator_number: str = ""
    """The number that "0" reaches; empty when nobody is on duty."""
    directory: Path | None = None
    """The lines and services of the installation (as `bridge/hours/directory.toml`); none: those
    of Portugal's service."""
    asterisk: AsteriskSettings = AsteriskSettings()

    def __init__(self, **given: Any) -> None:
        """Read the environment and the env file. Raises `ValueError` with a sentence for people."""
        try:
            super().__init__(**given)
        except UnicodeDecodeError:
            raise ValueError(".env is not in UTF-8; save it in that encoding") from None
