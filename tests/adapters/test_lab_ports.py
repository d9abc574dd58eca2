# SPDX-License-Identifier: EUPL-1.2
"""Ports for runs side by side, and what is said when there is no Asterisk to run."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from lab.asterisk import AsteriskMissing, find_asterisk
from lab.ports import GRANULE, NoFreePorts, PortLease


def test_leases_never_share_a_port() -> None:
    taken: list[int] = []
    leases = [PortLease(200) for _ in range(4)]
    try:
        for lease in leases:
            taken += [lease.port() for _ in range(5)]
            first, last = lease.rtp_range(50)
            assert first % 2 == 0
            taken += range(first, last + 1)
    finally:
        for lease in leases:
            lease.close()
    assert len(taken) == len(set(taken))


def test_port_can_be_opened_for_tcp_and_udp() -> None:
    with PortLease() as lease:
        port = lease.port()
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as probe:
                # As servers do; the end of a connection of an earlier test may linger on the port.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))


def test_taken_port_is_passed_over() -> None:
    with PortLease() as lease, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        first = lease.port()
        other.bind(("127.0.0.1", first + 1))
        assert lease.port() == first + 2


def test_lease_that_is_used_up_says_so() -> None:
    with PortLease(GRANULE) as lease:
        lease.rtp_range(60)
        with pytest.raises(NoFreePorts, match="ask for more"):
            lease.rtp_range(60)


def test_missing_asterisk_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.asterisk.shutil.which", lambda *_args, **_kwargs: None)
    with pytest.raises(AsteriskMissing, match="make setup"):
        find_asterisk(tmp_path)
    (tmp_path / "root/usr/sbin").mkdir(parents=True)
    (tmp_path / "root/usr/sbin/asterisk").touch()
    with pytest.raises(AsteriskMissing, match="incomplete"):
        find_asterisk(tmp_path)
