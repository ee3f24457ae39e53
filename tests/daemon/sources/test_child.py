"""Child processes that cannot be ended."""

import errno
import os
import signal

import pytest

from daemon.sources.child import ChildProcess


def test_a_child_that_belongs_to_another_user_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_group: int, _number: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    child = ChildProcess(["sleep", "600"])
    with monkeypatch.context() as patch:
        patch.setattr(os, "killpg", refuse)
        code = child.end(leave_s=0.01)

    assert code is None
    assert f"process {child.pid} cannot be killed; leaving it behind" in caplog.text
    os.killpg(child.pid, signal.SIGKILL)
    assert child._process.wait(5) == -signal.SIGKILL
