"""Where the outbox may lie: what stops the daemon, and what must not."""

import errno
from pathlib import Path

import pytest

from daemon.errors import SettingsError
from daemon.state_folder import check_state_folder, make_state_folder


def test_a_folder_is_made_for_our_eyes_only_and_not_by_a_check(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"

    check_state_folder(folder)
    assert not folder.parent.exists()
    make_state_folder(folder)

    assert folder.stat().st_mode & 0o777 == 0o700
    check_state_folder(folder)


def test_what_cannot_become_a_folder_is_refused_by_both(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    for refuse in (make_state_folder, check_state_folder):
        with pytest.raises(SettingsError, match="state_directory: wanted a folder to keep the"):
            refuse(tmp_path / "file" / "state")


def test_a_disk_that_has_failed_does_not_stop_the_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)

    make_state_folder(tmp_path / "state")

    assert "cannot be made: Read-only file system" in caplog.text


def test_another_folder_than_that_in_use_is_refused(tmp_path: Path) -> None:
    check_state_folder(tmp_path, in_use=tmp_path)

    with pytest.raises(SettingsError, match="stop aed, move that folder, and start aed"):
        check_state_folder(tmp_path / "other", in_use=tmp_path)
