import json
import re
from pathlib import Path

import pytest

from tests.training.experiments.results import whole_grid
from training.errors import TrainingDataError
from training.experiments.cells import write_result
from training.experiments.grid import full_grid
from training.experiments.report import write_report
from training.experiments.report.claims import all_claims
from training.experiments.report.tables import anchor, spread


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    for result in whole_grid(ours=0.7, others=0.6):
        write_result(result, tmp_path / "cells")
    return tmp_path / "cells"


def test_without_cells_nothing_is_shown_and_nothing_drawn(tmp_path: Path) -> None:
    told = write_report(tmp_path / "cells", tmp_path / "docs")

    assert told.count("not shown") == len(all_claims())
    assert f"0 of {len(full_grid())} are done" in (tmp_path / "docs/experiments.md").read_text()
    assert not list((tmp_path / "docs").rglob("*.png"))


def test_a_whole_grid_gives_every_claim_a_verdict_a_table_and_a_plot(
    cells: Path, tmp_path: Path
) -> None:
    told = write_report(cells, tmp_path / "docs")
    page = (tmp_path / "docs/experiments.md").read_text()

    assert "holds          Ontology and consistency beat self-supervised pretraining" in told
    assert "does not hold  Noise, tones and silence are not named" in told
    for claim in all_claims():
        assert f"## {claim.title}" in page
        assert f"](experiments/{claim.key}.png)" in page
    assert "| ESC-10 10 %: f against c1 | 0.700 ± 0.000 | 0.600 ± 0.000 | +0.100 |" in page
    assert "commit of the cells: `abc1234`" in page
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", page):
        assert (tmp_path / "docs" / name).read_bytes().startswith(b"\x89PNG")


def test_one_missing_cell_leaves_its_claims_unshown_and_is_counted(
    cells: Path, tmp_path: Path
) -> None:
    (cells / "esc10-tree_consistency-10-fold4.json").unlink()

    told = write_report(cells, tmp_path / "docs")

    assert "not shown      Ontology and consistency beat" in told
    assert "4 of 5 | not shown |" in (tmp_path / "docs/experiments.md").read_text()


def test_the_same_cells_give_the_same_files(cells: Path, tmp_path: Path) -> None:
    def written(docs: Path) -> dict[str, bytes]:
        write_report(cells, docs)
        files = (path for path in docs.rglob("*") if path.is_file())
        return {path.relative_to(docs).as_posix(): path.read_bytes() for path in files}

    assert written(tmp_path / "first") == written(tmp_path / "second")


def test_what_people_learned_survives_the_report(cells: Path, tmp_path: Path) -> None:
    lessons = tmp_path / "docs/experiments/lessons.yaml"
    lessons.parent.mkdir(parents=True)
    lessons.write_text("unseen: Sirens are harder.\ngeneral: It was cold.\n")

    write_report(cells, tmp_path / "docs")
    write_report(cells, tmp_path / "docs")

    page = (tmp_path / "docs/experiments.md").read_text()
    assert page.count("**What was learned.** Sirens are harder.") == 1
    assert page.rstrip().endswith("It was cold.")


def test_cells_of_other_settings_are_left_out_and_counted(cells: Path, tmp_path: Path) -> None:
    path = cells / "esc10-tree_consistency-10-fold4.json"
    other = json.loads(path.read_text())
    other["settings"]["steps"] += 1
    path.write_text(json.dumps(other))

    told = write_report(cells, tmp_path / "docs")

    assert "not shown      Ontology and consistency beat" in told
    page = (tmp_path / "docs/experiments.md").read_text()
    assert f"{len(full_grid()) - 1} of {len(full_grid())} are done (1 more have other" in page


def test_cells_of_different_networks_are_never_compared(cells: Path, tmp_path: Path) -> None:
    path = cells / "esc10-tree_consistency-10-fold4.json"
    other = json.loads(path.read_text())
    other["data"]["parameters"] = 7
    path.write_text(json.dumps(other))

    with pytest.raises(TrainingDataError, match="esc10-tree_consistency-10-fold4 has 7"):
        write_report(cells, tmp_path / "docs")


def test_a_broken_cell_is_named(cells: Path, tmp_path: Path) -> None:
    (cells / "esc10-flat-10-fold1.json").write_text("{}")

    with pytest.raises(TrainingDataError, match=r"esc10-flat-10-fold1\.json"):
        write_report(cells, tmp_path / "docs")


def test_every_claim_is_decided_by_cells_of_the_grid() -> None:
    grid = set(full_grid())
    used = {
        cell
        for claim in all_claims()
        for row in claim.rows
        for pair in row.pairs
        for cell in pair
        if cell
    }

    assert used <= grid


def test_headings_and_spreads_are_written_as_pages_want_them() -> None:
    assert anchor("Noise, tones and silence") == "noise-tones-and-silence"
    assert spread([0.5, 0.7]) == "0.600 ± 0.141"
    assert spread([0.5]) == "0.500"
    assert spread([]) == "–"
