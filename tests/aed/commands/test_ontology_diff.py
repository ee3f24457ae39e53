"""`aed ontology diff` says what changed, and what that leaves of a trained model."""

import json
from pathlib import Path

import pytest

import ontology
from tests.aed.commands.test_ontology import OWN, run

BOTH = """\
version: 1
name: own
nodes:
  - id: alarm
    name: Any alarm
    children:
      - {id: bell, name: Bell, alert: {}, children: [{id: old_bell, name: Old bell}]}
  - id: detector
    name: "[bold]Smoke[/bold] :fire:"
    audioset: [/m/01y3hg]
    alert: {critical: true, pattern: [t3]}
  - {id: thud, name: Thud}
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(OWN, encoding="utf-8")
    return path


def test_diff_says_what_changed_and_what_a_model_keeps(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.yaml"
    new.write_text(BOTH)

    assert run("diff", str(own), str(new)) == 0

    assert capsys.readouterr().out.splitlines() == [
        "own, 3 nodes -> own, 5 nodes",
        "added (2)",
        "  alarm/bell/old_bell  Old bell",
        "  thud  Thud",
        "moved (1)",
        "  alarm/smoke_alarm -> detector",
        "renamed (1)",
        "  smoke_alarm -> detector",
        "changed (1)",
        '  alarm: name "Alarm" -> "Any alarm"',
        "A trained model keeps the weights of 3 branches of 3; 2 begin anew:",
        "  old_bell from the prototype of bell",
        "  thud from nothing: no branch above it was learned",
        "What moved is asked only where its new parent is heard: train again before use.",
    ]


def test_diff_as_json_says_the_same(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.yaml"
    new.write_text(BOTH.replace("pattern: [t3]", "pattern: [t4]"))

    assert run("diff", str(own), str(new), "--json") == 0

    found = json.loads(capsys.readouterr().out)
    assert found["old"]["digest"] == ontology.load(own).digest
    assert found["added"] == [
        {"id": "old_bell", "path": "alarm/bell/old_bell", "learned_above": "bell"},
        {"id": "thud", "path": "thud", "learned_above": None},
    ]
    assert found["moved"] == [{"id": "detector", "from": "alarm/smoke_alarm", "to": "detector"}]
    assert found["renamed"] == [{"from": "smoke_alarm", "to": "detector"}]
    assert found["changed"][1] == {
        "id": "detector",
        "key": "alert",
        "from": {"critical": True, "pattern": ["t3"]},
        "to": {"critical": True, "pattern": ["t4"]},
    }
    assert (found["kept"], found["removed"], found["reordered"]) == (3, [], False)


def test_diff_of_a_file_with_itself_has_nothing_to_say(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("diff", str(own), str(own)) == 0

    assert capsys.readouterr().out == "own: both say the same, 3 nodes\n"


def test_diff_warns_of_an_id_that_was_given_to_another_sound(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.yaml"
    new.write_text(OWN.replace("/m/01y3hg", "/m/03wwcy"))

    assert run("diff", str(own), str(new)) == 0

    assert "smoke_alarm kept its id but none of its AudioSet ids" in capsys.readouterr().out
