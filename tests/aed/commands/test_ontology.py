"""`aed ontology` shows trees and names faults."""

from pathlib import Path

import pytest

import ontology
from aed.__main__ import main
from aed.commands import ontology as command
from ontology.loader import HOME_PATH

OWN = """\
version: 1
name: own
nodes:
  - id: alarm
    name: Alarm
    children:
      - id: smoke_alarm
        name: "[bold]Smoke[/bold] :fire:"
        audioset: [/m/01y3hg]
        alert: {critical: true, pattern: [t3]}
      - {id: bell, name: Bell, alert: {}}
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(OWN, encoding="utf-8")
    return path


def run(*words: str) -> int:
    return main(["ontology", *words], commands=(command,))


def test_show_prints_one_plain_line_per_node_where_there_is_no_terminal(
    own: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    assert run("show", str(own)) == 0

    assert capsys.readouterr().out.splitlines() == [
        "own: 3 nodes",
        "  alarm  Alarm",
        "    smoke_alarm  [bold]Smoke[/bold] :fire:  critical  t3  /m/01y3hg",
        "    bell  Bell  alert",
    ]


def test_show_draws_a_tree_in_a_terminal(
    own: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "80")

    assert run("show", str(own)) == 0

    assert capsys.readouterr().out.splitlines() == [
        "own: 3 nodes",
        "└── Alarm  alarm",
        "    ├── [bold]Smoke[/bold] :fire:  smoke_alarm  critical t3  /m/01y3hg",
        "    └── Bell  bell  alert",
    ]


def test_show_without_a_file_shows_the_home_ontology(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show") == 0

    shown = capsys.readouterr().out
    assert all(node.id in shown for node in ontology.home().nodes)


def test_show_refuses_a_bad_file_with_all_its_faults(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.write_text(OWN.replace("t3", "t5").replace("id: bell", "id: alarm"), encoding="utf-8")

    assert run("show", str(own)) == 1

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"aed: 2 faults in {own}:\n  {own}:10: ")


def test_check_says_that_a_good_file_is_fine(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", str(own)) == 0
    assert run("check") == 0

    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        f"{own}: fine, 3 nodes on 2 levels, 2 alert, 1 of them critical",
        f"{HOME_PATH}: fine, 94 nodes on 3 levels, 16 alert, 5 of them critical",
    ]
    assert captured.err == ""


def test_check_prints_one_line_per_fault(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own.write_text(OWN.replace("t3", "t5").replace("id: bell", "id: alarm"), encoding="utf-8")

    assert run("check", str(own)) == 1

    captured = capsys.readouterr()
    assert captured.out == ""
    first, second = captured.err.splitlines()
    assert first == (
        f"{own}:10: nodes[0].children[0].alert.pattern[0]: unknown pattern 't5';"
        " the patterns are t3, t4, continuous, chirp"
    )
    assert second == (
        f"{own}:11: nodes[0].children[1].id: the id 'alarm' is taken by the node on line 4;"
        " give one of them another id"
    )


def test_check_of_a_file_that_is_not_there_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "no.yaml"

    assert run("check", str(path)) == 1

    assert capsys.readouterr().err == f"{path}: there is no such file; check the path\n"


@pytest.mark.parametrize("words", [[], ["prune"], ["check", "a", "b"]])
def test_a_wrong_command_line_is_a_usage_error(words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(*words)

    assert caught.value.code == 2
