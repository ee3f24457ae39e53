"""docs/ontology.md shows what the commands do."""

import re
from pathlib import Path

import pytest

import ontology
from ontology.drawing import draw
from tests.aed.commands.test_ontology import run

DOCS = Path(__file__).parents[3] / "docs"


def blocks(language: str) -> list[str]:
    text = (DOCS / "ontology.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_the_two_workshops_differ_as_the_page_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / name for name in ("old.yaml", "new.yaml")]
    for path, text in zip(paths, blocks("yaml"), strict=True):
        path.write_text(text, encoding="utf-8")

    assert run("diff", *map(str, paths)) == 0

    assert capsys.readouterr().out in blocks("text")


def test_a_part_of_audioset_is_the_one_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    shown = next(block for block in blocks("text") if block.startswith("$ aed ontology import"))

    assert run("import-audioset", "--under", "Smoke detector, smoke alarm", "--under", "Glass") == 0

    without_header = capsys.readouterr().out.split("version:", 1)[1]
    assert shown.split("version:", 1)[1] == without_header


def test_the_picture_is_that_of_the_home_ontology() -> None:
    """If it is not: `aed ontology draw -o docs/images/ontology.svg`."""
    drawn = (DOCS / "images" / "ontology.svg").read_text(encoding="utf-8")

    assert drawn == draw(ontology.home())
