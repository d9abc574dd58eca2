# SPDX-License-Identifier: EUPL-1.2
"""How the program logs: static texts with structured values, and nothing personal.

Keys that could carry a person's data are dropped here as well, whoever logs them: this is the net
under the rule, not the rule.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_PERSONAL = frozenset({"number", "caller", "dialled", "pin", "digits", "keys", "name", "secret"})


def drop_personal(
    _logger: object, _method: str, values: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A structlog processor that removes keys under which personal data would travel."""
    for key in _PERSONAL & values.keys():
        values[key] = "<dropped>"
    return values


def configure(*, json: bool, level: str = "info") -> None:
    """Send the log to standard error, as JSON lines or for reading. Call once, at start."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    # Plain tracebacks: the renderer's own ones print the variables of every frame, and with them
    # the numbers and keys of whoever was on the telephone.
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
    )
    ours: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        drop_personal,
    ]
    shown: list[Any] = [*([structlog.processors.format_exc_info] if json else []), renderer]
    structlog.configure(
        processors=[*ours, *shown],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # What libraries have to say looks like what we say.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*ours, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shown],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
