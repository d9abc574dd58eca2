# SPDX-License-Identifier: EUPL-1.2
"""Accounts at the telephone network for softphones that people register themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_ACCOUNT = re.compile(r"[a-z][a-z0-9-]{0,30}")
_PASSWORD = re.compile(r"[A-Za-z0-9._-]{8,64}")
_TAKEN = frozenset({"pbx", "udp", "global", "system"})


@dataclass(frozen=True, slots=True)
class Softphone:
    """An account for a person's own softphone.

    While it is registered it is rung instead of the played phone of its number.
    """

    name: str
    """Account name, small letters."""
    number: str
    """Whose telephone it is, and what it shows when it calls."""
    password: str = field(repr=False)
    """At least 8 letters, digits, ``.``, ``_`` or ``-``."""


def softphone_section(account: Softphone) -> str:
    """The PJSIP configuration of one account. Raises `ValueError` for what cannot be one."""
    if not _ACCOUNT.fullmatch(account.name) or account.name in _TAKEN:
        raise ValueError("a softphone's name is small letters, digits and '-', and not a trunk's")
    if not _PASSWORD.fullmatch(account.password):
        raise ValueError("a softphone's password is 8 to 64 letters, digits, '.', '_' or '-'")
    return f"""
[{account.name}]
type = auth
auth_type = userpass
username = {account.name}
password = {account.password}

[{account.name}]
type = aor
max_contacts = 1
remove_existing = yes
default_expiration = 120

[{account.name}]
type = endpoint
transport = udp
context = from-softphone
auth = {account.name}
aors = {account.name}
disallow = all
allow = alaw,ulaw
dtmf_mode = rfc4733
direct_media = no
rtp_symmetric = yes
force_rport = yes
rewrite_contact = yes
rtp_timeout = 60
"""
