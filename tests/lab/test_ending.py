# SPDX-License-Identifier: EUPL-1.2
"""A program of the laboratory that is told to end leaves nothing running."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from lab.asterisk import AsteriskInstall

PROGRAM = """
import asyncio, sys
from pathlib import Path
from lab.ending import run
from lab.installation import Installation

async def main():
    at = Installation(Path(sys.argv[1]))
    try:
        await at.start()
        print(at.pbx.pid, at.network.asterisk.pid, flush=True)
        await asyncio.Event().wait()
    finally:
        await at.stop()

run(main())
"""


@pytest.mark.parametrize("on_ctrl_c", ["default_int_handler", "SIG_IGN"])
async def test_what_it_started_ends_with_it(
    on_ctrl_c: str, tmp_path: Path, install: AsteriskInstall
) -> None:
    # In the background, a shell has Ctrl-C ignored.
    begins = f"import signal; signal.signal(signal.SIGINT, signal.{on_ctrl_c})"
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", begins + PROGRAM, str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert program.stdout is not None
        async with asyncio.timeout(60):
            pids = [int(word) for word in (await program.stdout.readline()).split()]
            if len(pids) != 2:
                _, said = await program.communicate()
                pytest.fail(f"the program did not start: {said.decode()}")
            program.terminate()
            await program.communicate()
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
