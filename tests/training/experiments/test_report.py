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
from training.experiments.report.tables import anchor, extent, spread


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    for result in whole_grid(ours=0.7, others=0.6):
        write_result(result, tmp_path / "cells")
    return tmp_path / "cells"


def test_without_cells_nothing_is_shown_and_nothing_drawn(tmp_path: Path) -> None:
    told = write_report(tmp_path / "cells", tmp_path / "docs")

    assert told.count("not shown") == len(all_claims())
    page = (tmp_path / "docs/experiments.md").read_text()
    assert f"0 of {len(full_grid())} are done and used (commit: none yet; command:" in page
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
    assert "Command: `make experiment`; 48 cells, commit: `abc1234`." in page
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


def test_the_page_says_how_many_cells_of_which_commit_took_how_long(
    cells: Path, tmp_path: Path
) -> None:
    path = cells / "home-tree-10-seed1.json"
    other = json.loads(path.read_text())
    path.write_text(json.dumps({**other, "commit": "def5678+", "seconds": 120.0 + 3600.0}))

    write_report(cells, tmp_path / "docs")

    page = (tmp_path / "docs/experiments.md").read_text()
    count = len(full_grid())
    assert f"{count} of {count} are done and used (commit: `abc1234`, `def5678+`; command: " in page
    hours = 1 + count * 120 / 3600
    assert f"Together they took {hours:.1f} hours (processor time" in page
    assert f"| **all** | | {count} | {hours:.2f} | 900 |" in page


def test_every_method_has_the_mean_and_range_of_its_figures(tmp_path: Path) -> None:
    for result in whole_grid(ours=0.6, others=0.5, step=0.05):
        write_result(result, tmp_path / "cells")

    write_report(tmp_path / "cells", tmp_path / "docs")

    page = (tmp_path / "docs/experiments.md").read_text()
    same = "0.700 (0.600–0.800)"
    assert (
        f"| 10 % | f: tree and consistency (ours) | {same} | {same} | 0.60 (0.40–0.80) | "
        f"0.200 (0.150–0.250) | 0.600 (0.500–0.700) | {same} | 120 (120–120) | 5 |"
    ) in page
    assert "| 100 % | b: flat, hierarchy at decision time | 0.550 (0.500–0.600) |" in page
    assert "| 2.00 (2.00–2.00) | – | – | – | – | 5 |" in page  # a has no least risk, ESC-10 no dev


def test_tree_and_mistakes_compare_answers_of_least_risk_on_both_sides(
    cells: Path, tmp_path: Path
) -> None:
    for path in cells.glob("*-tree_consistency-*.json"):
        result = json.loads(path.read_text())
        result["metrics"]["least_risk"]["mean_height"] = 1.5  # likeliest leaves stay milder
        path.write_text(json.dumps(result))
    for path in cells.glob("*-tree-*.json"):
        result = json.loads(path.read_text())
        result["metrics"]["least_risk"]["hierarchical_f1"] = 0.9  # likeliest leaves stay equal
        path.write_text(json.dumps(result))

    told = write_report(cells, tmp_path / "docs")

    assert "does not hold  Mistakes are milder" in told
    assert "holds          The tree alone makes better answers" in told


def test_distortion_is_judged_by_agreement_and_by_accuracy(cells: Path, tmp_path: Path) -> None:
    assert "holds          Answers stay the same" in write_report(cells, tmp_path / "docs")

    for path in cells.glob("home-tree_consistency-10-*.json"):
        result = json.loads(path.read_text())
        result["metrics"]["distorted"]["agreement"] = 0.1
        path.write_text(json.dumps(result))

    assert "does not hold  Answers stay the same" in write_report(cells, tmp_path / "docs")
    page = (tmp_path / "docs/experiments.md").read_text()
    assert re.search(r"home 10 %: f against d \(agreement\) .* does not hold \|", page)
    assert re.search(r"home 10 %: f against d \(accuracy\) .* holds \|", page)


def test_cells_of_other_settings_are_left_out_counted_and_named(
    cells: Path, tmp_path: Path
) -> None:
    name = "esc10-tree_consistency-10-fold4"
    other = json.loads((cells / f"{name}.json").read_text())
    other["settings"]["steps"] += 1
    (cells / f"{name}.json").write_text(json.dumps(other))

    told = write_report(cells, tmp_path / "docs")

    assert "not shown      Ontology and consistency beat" in told
    page = (tmp_path / "docs/experiments.md").read_text()
    assert f"{len(full_grid()) - 1} of {len(full_grid())} are done and used" in page
    assert "1 cell was made with other settings" in page
    assert f"## Cells that are not used\n\n- `{name}`\n" in page


def test_cells_of_different_networks_are_never_compared(cells: Path, tmp_path: Path) -> None:
    name = "esc10-tree_consistency-10-fold4"
    other = json.loads((cells / f"{name}.json").read_text())
    other["data"]["parameters"] = 7
    (cells / f"{name}.json").write_text(json.dumps({**other, "commit": "0ld"}))

    with pytest.raises(TrainingDataError, match="delete the files of the cells of the older") as it:
        write_report(cells, tmp_path / "docs")

    assert f"{name} has 7 parameters (commit 0ld, 1 of 124 cells)" in str(it.value)
    assert "esc10-flat-10-fold1 has 150000 parameters (commit abc1234, 123 of" in str(it.value)


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
    assert extent([0.5, 0.7]) == "0.600 (0.500–0.700)"
    assert extent([99.6], digits=0) == "100 (100–100)"
    assert extent([]) == "–"
