"""The page's settings: off, then on this machine alone, then behind a password."""

from pathlib import Path

import pytest

from daemon.errors import SettingsError
from daemon.settings.file import parse_settings, socket_path
from tests.daemon.settings.test_models import GOOD


def faults(web: str, where: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse_settings(f"{GOOD}web: {web}\n", where=where)
    return [fault.problem for fault in caught.value.faults]


def test_there_is_no_page_unless_it_is_asked_for_and_then_for_this_machine_alone() -> None:
    where = Path("/etc/aed/settings.yaml")

    assert parse_settings(GOOD, where=where).web is None
    web = parse_settings(f"{GOOD}web: {{port: 8098}}\n", where=where).web
    assert web is not None
    assert (web.address, web.port, web.password_file) == ("127.0.0.1", 8098, None)
    assert parse_settings(f"{GOOD}web: {{}}\n", where=where).web == web


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.5", "'::'"])  # noqa: S104 - refused
def test_the_network_is_let_in_only_behind_a_password(tmp_path: Path, address: str) -> None:
    where = tmp_path / "settings.yaml"

    assert "needs a password_file" in faults(f"{{address: {address}}}", where)[0]
    missing = faults(f"{{address: {address}, password_file: web-password}}", where)
    assert "aed web password" in missing[0]
    (tmp_path / "web-password").write_text("scrypt$…")
    text = f"{GOOD}web: {{address: {address}, password_file: web-password}}\n"
    web = parse_settings(text, where=where).web
    assert web is not None
    assert web.password_file == str(tmp_path / "web-password")


@pytest.mark.parametrize("web", ["{port: 0}", "{port: 70000}", "{address: example.com}", "8098"])
def test_what_cannot_be_listened_at_is_refused(tmp_path: Path, web: str) -> None:
    assert faults(web, tmp_path / "settings.yaml")


def test_the_page_finds_the_daemon_in_the_state_directory_if_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    where = tmp_path / "settings.yaml"
    text = f"{GOOD}state_directory: state\n"

    assert socket_path(parse_settings(text, where=where)) is None
    with_page = parse_settings(f"{text}web: {{}}\n", where=where)
    assert socket_path(with_page) == tmp_path / "state" / "control.sock"
