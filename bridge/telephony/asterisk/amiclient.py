# SPDX-License-Identifier: EUPL-1.2
"""asterisk-ami's client with its public hooks overridden: all that touches the library is here.

The library carries no types and has thirteen known defects; each has a test in
tests/adapters/test_ami_defects_connection.py or test_ami_defects_messages.py. What is kept of it:
its connection, its reader thread and its way of cutting the stream into packs. One object serves
one connection and is then thrown away.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

import structlog
from asterisk.ami import AMIClient, LoginAction

from bridge.telephony.asterisk.frames import Frame, FrameReader, encode_action

log = structlog.get_logger(__name__)

_END = b"\r\n\r\n"


class HardenedClient(AMIClient):  # type: ignore[misc]  # the library has no types
    """One connection to the AMI, read in a thread of the library's.

    `on_frame` gets every frame and `on_end` is called once, when the reader ends for whatever
    reason; both are called in that thread. `idle_seconds` of silence end the connection.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        idle_seconds: float,
        on_frame: Callable[[Frame], None],
        on_end: Callable[[str], None],
    ) -> None:
        # Latin-1 keeps every byte as it came; our own reader decodes complete frames.
        super().__init__(
            address=host,
            port=port,
            encoding="latin-1",
            timeout=idle_seconds,
            buffer_size=64 * 1024,
        )
        self._on_frame = on_frame
        self._on_end = on_end
        self._frames = FrameReader()
        self._sending = threading.Lock()
        self._closing = threading.Event()
        self._failure = ""
        self.add_listener(on_disconnect=self._note_failure)

    def connect(self) -> None:
        """Connect and begin to read. Raises `OSError`. Blocks."""
        try:
            super().connect()
        except OSError:
            self._socket.close()
            raise
        if self._closing.is_set():
            self.close()

    def listen(self) -> None:
        """The reader thread: ends with `on_end`, also when it fails before the greeting."""
        try:
            super().listen()
        except Exception as error:  # noqa: BLE001 -- the library raises bare Exception here
            self._failure = type(error).__name__
        finally:
            self._on_end(self._failure)

    def _note_failure(self, source: object, error: BaseException | None) -> None:
        # The library ends its own generator with StopIteration: a clean end of the stream.
        clean = error is None or isinstance(error, StopIteration)
        self._failure = "" if clean else type(error).__name__

    def fire_recv_pack(self, pack: str) -> None:
        """Read a pack with our own parser. Never raises: that would end the reader."""
        try:
            for frame in self._frames.feed(pack.encode("latin-1") + _END):
                self._on_frame(frame)
        except Exception as error:  # noqa: BLE001 -- see above
            log.error("ami frame not taken", error=type(error).__name__)  # noqa: TRY400 -- no values in logs

    def send(self, pack: object) -> None:
        """Send one of the library's actions. Raises `ValueError` and `OSError`. Blocks."""
        keys: dict[str, str] = getattr(pack, "keys", {})
        variables: dict[str, str] = getattr(pack, "variables", {})
        self.send_headers(
            [
                ("Action", str(getattr(pack, "name", ""))),
                *((name, str(value)) for name, value in keys.items()),
                *(("Variable", f"{name}={value}") for name, value in variables.items()),
            ]
        )

    def send_headers(self, headers: Iterable[tuple[str, str]]) -> None:
        """Send one action, whole or not at all. Raises `ValueError` and `OSError`. Blocks."""
        data = encode_action(headers)
        with self._sending:
            try:
                self._socket.sendall(data)
            except OSError:
                # Part of an action may have left: nothing may follow it.
                self.close()
                raise

    def close(self) -> None:
        """End the connection now. Blocks until the reader has ended. May be called twice."""
        self._closing.set()
        if self.finished is None:
            return  # never connected, or still connecting: then `connect` closes
        with suppress(OSError):
            # Wakes the reader; without it the library waits for its timeout.
            self._socket.shutdown(socket.SHUT_RDWR)
        self.disconnect()


def login_action(user: str, secret: str, action_id: str, *, events: bool) -> LoginAction:
    """The library's login with our own ActionID; without `events` Asterisk sends none."""
    action = LoginAction(user, secret)
    action.keys["ActionID"] = action_id
    action.keys["Events"] = "on" if events else "off"
    return action
