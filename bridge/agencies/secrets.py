# SPDX-License-Identifier: EUPL-1.2
"""Technicians' PINs: found by a keyed hash, proved by a slow one, never stored.

A PIN has six digits, so whoever could try a million of them would find it. Three things stand
against that: the line locks out after a few tries; nothing in the database says anything about a
PIN without the *pepper*, a secret kept outside the database; and the proof is slow.

The honest limit: the lookup key has to be fast to be looked up, so whoever steals the tables *and*
the pepper finds the PINs quickly. Then all PINs must be given anew; a backup of the database must
never hold the pepper.
"""

from __future__ import annotations

import hashlib
import hmac

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST_PEPPER = 32


class PinHasher:
    """Turns an agency code and a PIN into what is stored, and checks one against it.

    Argon2id runs with 19 MiB, two passes and one lane: the smallest of the settings that the OWASP
    Password Storage Cheat Sheet calls sufficient. More would buy little, for the pepper carries
    the weight, and a technician is waiting on the line while it runs (about 20 ms). Run `verify`
    and `hash` in a thread, outside any transaction.
    """

    def __init__(self, pepper: str) -> None:
        """Raises `ValueError` when the pepper is shorter than 32 characters."""
        if len(pepper) < SHORTEST_PEPPER:
            raise ValueError(
                f"STT_PEPPER is shorter than {SHORTEST_PEPPER} characters: set it to a long random "
                "secret (for example from `openssl rand -hex 32`) and keep it outside the database."
            )
        self._pepper = pepper.encode()
        self._argon2 = PasswordHasher(
            time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16
        )
        # Proved in place of a hash that does not exist, so that an unknown PIN takes as long.
        self._nobody = self._argon2.hash(b"nobody")

    def lookup(self, agency_code: str, pin: str) -> str:
        """The key under which a technician is found: HMAC-SHA256 with the pepper, in hex."""
        return self._keyed(b"lookup", agency_code, pin).hex()

    def hash(self, agency_code: str, pin: str) -> str:
        """What is stored to prove the PIN: Argon2id, salted, in PHC string format. Slow."""
        return self._argon2.hash(self._keyed(b"proof", agency_code, pin))

    def verify(self, pin_hash: str | None, agency_code: str, pin: str) -> bool:
        """Whether the PIN fits the stored hash. Slow, and just as slow for `None`: always false."""
        keyed = self._keyed(b"proof", agency_code, pin)
        try:
            self._argon2.verify(self._nobody if pin_hash is None else pin_hash, keyed)
        except (VerificationError, InvalidHashError):
            return False
        return pin_hash is not None

    def _keyed(self, purpose: bytes, agency_code: str, pin: str) -> bytes:
        # Each part carries its length, so that no two pairs make the same message.
        parts = (purpose, agency_code.encode("utf-8", "replace"), pin.encode("utf-8", "replace"))
        message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.new(self._pepper, message, hashlib.sha256).digest()
