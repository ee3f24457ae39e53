"""`aed ontology` counts clips, draws, imports AudioSet, and refuses what is no ontology."""

import json
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import ontology
from aed.__main__ import main
from aed.commands import ontology as command
from tests.aed.commands.test_ontology import OWN, run
from tests.training.rows import row_of
from training.clips.manifest import write_manifest


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(OWN, encoding="utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    labels = ["bell"] * 3 + ["smoke_alarm"] * 6 + ["theremin"]
    write_manifest(
        folder,
        [row_of(f"{number}.wav", label, f"g{number}") for number, label in enumerate(labels)],
    )
    return folder


def nested(levels: int) -> str:
    """An ontology that is one chain of nodes."""
    lines = ["version: 1", "name: deep", "nodes:"]
    for level in range(levels):
        indent = "    " * level
        lines += [f"{indent}  - id: n{level}", f"{indent}    name: N", f"{indent}    children:"]
    return "\n".join(lines[:-1]) + "\n"


BAD = {
    "empty": ("", ": the file is empty; begin with"),
    "duplicate": (OWN.replace("id: bell", "id: alarm"), ":11: nodes[0].children[1].id: the id"),
    "deep": (nested(13), ":40: nodes[0].children[0]"),
    "many": (
        "version: 1\nname: many\nnodes:\n"
        + "".join(f"  - {{id: n{number}, name: N}}\n" for number in range(2_001)),
        ":4: nodes: 2,001 nodes, more than 2,000; keep",
    ),
    "binary": ("\0\1\2", ":1: character"),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize(
    "words",
    [
        ["show", "FILE"],
        ["check", "FILE"],
        ["diff", "FILE", "GOOD"],
        ["diff", "GOOD", "FILE", "--json"],
        ["draw", "FILE", "-o", "OUT"],
    ],
    ids=" ".join,
)
def test_every_command_refuses_a_bad_file_with_line_and_remedy_and_writes_nothing(
    kind: str,
    words: Sequence[str],
    own: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text, told = BAD[kind]
    bad, out = tmp_path / "bad.yaml", tmp_path / "out.svg"
    bad.write_text(text)
    paths = {"FILE": str(bad), "GOOD": str(own), "OUT": str(out)}

    assert run(*(paths.get(word, word) for word in words)) == 1

    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{bad}{told}" in captured.err
    assert not out.exists()


def test_show_counts_clips_and_says_which_are_too_few(
    own: Path, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    assert run("show", str(own), "--data", str(data)) == 0

    smoke = "smoke_alarm  [bold]Smoke[/bold] :fire:  critical  t3  /m/01y3hg"
    too_few = (
        "have too few clips to learn from: fewer than 6 recording sessions, and training "
        "synthesises none."
    )
    assert capsys.readouterr().out.splitlines() == [
        "own: 3 nodes",
        "  alarm  Alarm  9 clips in 9 sessions, synthesised",
        f"    {smoke}  6 clips in 6 sessions, synthesised",
        "    bell  Bell  alert  3 clips in 3 sessions, too few",
        f"1 of 3 nodes {too_few}",
        "Labels that mean nothing here, with their clips: theremin (1)",
    ]


def test_show_counts_in_a_terminal_too(
    own: Path, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "FORCE_COLOR": "1",
        "NO_COLOR": "1",
        "TERM": "dumb",
        "COLUMNS": "90",
    }.items():
        monkeypatch.setenv(name, value)

    assert run("show", str(own), "--data", str(data)) == 0

    assert "    └── Bell  bell  alert  3 clips in 3 sessions, too few" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["show", "--data", "nowhere"], "manifest.tsv: cannot be read"),
        (["draw", "--labels", "labels.yaml", "-o", "out.svg"], "give its folder, --data DIR"),
        (["draw", "-o", "nowhere/out.svg"], "cannot be written (No such file or directory)"),
        (["import-audioset", "no.json"], "the file cannot be read: No such file"),
        (["import-audioset", "--under", "Alarn"], "did you mean 'alarm'?"),
        (["import-audioset", "-o", "nowhere/out.yaml"], "cannot be written"),
    ],
)
def test_what_cannot_be_read_or_written_is_told(
    words: Sequence[str],
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)

    assert run(*words) == 1

    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.out == ""
    assert list(tmp_path.iterdir()) == []


def test_draw_writes_a_picture_with_the_counts(
    own: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tree.svg"

    assert run("draw", str(own), "--data", str(data), "-o", str(out)) == 0

    root = ET.fromstring(out.read_text(encoding="utf-8"))  # noqa: S314 - our own
    texts = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "Bell3 clips in 3 sessions, too few" in texts
    assert any("fewer than 6 recording sessions" in text for text in texts)
    assert capsys.readouterr() == ("", f"picture: {out}\n")


def test_draw_without_data_draws_the_home_ontology(tmp_path: Path) -> None:
    out = tmp_path / "tree.svg"

    assert run("draw", "-o", str(out)) == 0

    assert "home: 94 nodes" in out.read_text(encoding="utf-8")


def test_imported_audioset_passes_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "audioset.yaml"

    assert run("import-audioset", "-o", str(out)) == 0
    assert run("check", str(out)) == 0
    assert run("import-audioset") == 0

    captured = capsys.readouterr()
    assert captured.err == f"{out}: 632 nodes\n"
    first, rest = captured.out.split("\n", 1)
    assert first == f"{out}: fine, 632 nodes on 6 levels, 0 alert, 0 of them critical"
    assert rest == out.read_text(encoding="utf-8")


def test_a_part_of_audiosets_own_file_is_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "ontology.json"
    source.write_text(
        json.dumps(
            [
                {"id": "/m/07pp_mv", "name": "Alarm", "child_ids": ["/m/03kmc9"]},
                {"id": "/m/03kmc9", "name": "Siren", "child_ids": []},
                {"id": "/m/039jq", "name": "Glass", "child_ids": []},
            ]
        )
    )

    assert run("import-audioset", str(source), "--under", "Alarm", "--under", "glass") == 0

    tree = ontology.parse(capsys.readouterr().out)
    assert [tree.path(node.id) for node in tree.nodes] == ["alarm", "alarm/siren", "glass"]


@pytest.mark.parametrize("words", [["diff", "one.yaml"], ["draw"], ["show", "--labels"]])
def test_a_wrong_command_line_is_a_usage_error(words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["ontology", *words], commands=(command,))

    assert caught.value.code == 2
