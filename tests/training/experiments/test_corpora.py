from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ontology
from ontology import LabelSet
from training.errors import TrainingDataError
from training.experiments.corpora import Corpus, open_corpus
from training.experiments.grid import Cell
from training.experiments.pruning import nearest_kept, pruned, without_leaf
from training.experiments.splits import split


@pytest.fixture(scope="module")
def esc10(esc10_folder: Path, cache: Path) -> Corpus:
    return open_corpus("esc10", esc10_folder, cache, clips_per_node=40)


@pytest.fixture(scope="module")
def home(esc10_folder: Path, cache: Path) -> Corpus:
    return open_corpus("home", esc10_folder, cache, clips_per_node=40)


def esc10_cell(percent: int, fold: int = 2) -> Cell:
    return Cell(dataset="esc10", method="flat", label_percent=percent, turn=fold)


def home_cell(seed: int = 1, unseen: str | None = None) -> Cell:
    return Cell(dataset="home", method="tree", label_percent=100, turn=seed, unseen=unseen)


def test_every_clip_of_esc10_has_its_leaf_and_its_fold(esc10: Corpus) -> None:
    nodes = [esc10.labels.nodes[column] for column in esc10.columns]

    assert nodes == [row.label for row in esc10.bank.rows]
    assert set(esc10.folds.tolist()) == {1, 2, 3, 4, 5}


def test_esc10_is_tested_on_its_fold_and_taught_by_all_others(esc10: Corpus) -> None:
    parts = split(esc10, esc10_cell(100))

    assert set(esc10.folds[parts.test].tolist()) == {2}
    assert set(esc10.folds[parts.train].tolist()) == {1, 3, 4, 5}
    assert parts.labelled.tolist() == parts.train.tolist()


def test_a_tenth_of_the_labels_leaves_one_clip_of_each_class_at_least(esc10: Corpus) -> None:
    parts = split(esc10, esc10_cell(10))

    assert sorted(esc10.columns[parts.labelled]) == sorted(set(esc10.columns.tolist()))
    assert set(parts.labelled) <= set(parts.train)


def test_every_method_sees_the_same_labels(esc10: Corpus) -> None:
    other = Cell(dataset="esc10", method="tree_consistency", label_percent=10, turn=2)

    assert split(esc10, other).labelled.tolist() == split(esc10, esc10_cell(10)).labelled.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_no_session_of_home_stands_in_two_parts(home: Corpus, seed: int) -> None:
    parts = split(home, home_cell(seed))
    groups = [{home.groups[clip] for clip in part} for part in (parts.train, parts.dev, parts.test)]

    assert all(groups)
    assert not groups[0] & groups[1]
    assert not (groups[0] | groups[1]) & groups[2]


def test_dev_is_the_same_for_all_seeds_and_meets_no_test(home: Corpus) -> None:
    parts = [split(home, home_cell(seed)) for seed in range(4)]

    assert len({tuple(part.dev.tolist()) for part in parts}) == 1
    assert len({tuple(part.test.tolist()) for part in parts}) == 4
    dev_groups = {home.groups[clip] for clip in parts[0].dev}
    assert not dev_groups & {home.groups[clip] for part in parts for clip in part.test}


def test_only_clips_of_a_known_leaf_judge(home: Corpus) -> None:
    coarse = home.columns.copy()
    tested = split(home, home_cell()).test
    coarse[tested[0]] = home.labels.parent[coarse[tested[0]]]

    left = split(replace(home, columns=coarse), home_cell()).test

    assert tested[0] not in left
    assert len(left) >= 1


def test_an_unseen_leaf_is_in_no_part_but_its_own(home: Corpus) -> None:
    parts = split(home, home_cell(unseen="siren"))
    siren = set(np.flatnonzero(home.columns == home.labels.column("siren")).tolist())

    assert set(parts.unseen.tolist()) == siren
    for part in (parts.train, parts.labelled, parts.dev, parts.test):
        assert not siren & set(part.tolist())


def test_without_a_leaf_its_clips_are_known_by_their_super_category(home: Corpus) -> None:
    smaller = home.without("siren")

    for old, new in zip(home.columns, smaller.columns, strict=True):
        name = home.labels.nodes[old]
        assert smaller.labels.nodes[new] == ("alarm" if name == "siren" else name)


def test_nodes_recorded_in_few_sessions_only_teach_their_super_category(
    esc10_folder: Path, cache: Path, tmp_path: Path
) -> None:
    lines = (esc10_folder / "manifest.tsv").read_text().splitlines()
    scarce = [line for line in lines if "/doorbell-" not in line or "/doorbell-0." in line]
    for folder in ("esc10", "home"):
        (tmp_path / folder).symlink_to(esc10_folder / folder)
    (tmp_path / "manifest.tsv").write_text("\n".join(scarce) + "\n")

    corpus = open_corpus("home", tmp_path, cache, clips_per_node=40)

    labels = [row.label for row in corpus.bank.rows]
    assert "doorbell" not in corpus.labels.nodes
    assert corpus.labels.nodes[corpus.columns[labels.index("doorbell")]] == "alarm"


def test_a_node_keeps_no_more_clips_than_wanted_and_as_many_sessions_as_it_can(
    esc10_folder: Path, cache: Path
) -> None:
    corpus = open_corpus("esc10", esc10_folder, cache, clips_per_node=5)

    assert np.unique(corpus.columns, return_counts=True)[1].tolist() == [5] * 10
    assert len(set(corpus.groups)) == 50  # one of two clips of every session


def test_a_folder_without_esc10_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="wanted ESC-10 under esc10/"):
        open_corpus("esc10", tiny_folder, tmp_path, clips_per_node=40)


def test_names_without_a_fold_are_refused(esc10_folder: Path, tmp_path: Path) -> None:
    text = (esc10_folder / "manifest.tsv").read_text()
    (tmp_path / "manifest.tsv").write_text(text.replace("esc10/dog/1-", "esc10/dog/one-"))

    with pytest.raises(TrainingDataError, match="begins with ESC-10's fold"):
        open_corpus("esc10", tmp_path, tmp_path / "cache", clips_per_node=40)


def test_a_pruned_tree_keeps_ancestors_and_order() -> None:
    tree = pruned(ontology.home(), ["cat", "smoke_alarm"])

    assert LabelSet(tree).nodes == ("alarm", "life_safety", "smoke_alarm", "pet", "cat")
    assert nearest_kept(ontology.home(), "co_alarm", tree) == "life_safety"
    assert nearest_kept(ontology.home(), "rain", tree) is None


def test_a_leaf_without_sisters_is_not_left_out() -> None:
    tree = pruned(ontology.home(), ["cat"])

    with pytest.raises(ValueError, match="a leaf with sisters, found pet/cat"):
        without_leaf(tree, "cat")
