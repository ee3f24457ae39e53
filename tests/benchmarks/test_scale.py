"""The benchmark of scale measures trees of the size that it says, and the head that it says."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from aed.bundle import SHIPPED
from tests.benchmarks.scale import hearing
from tests.benchmarks.scale.__main__ import NODES
from tests.benchmarks.scale.learning import _truth
from tests.benchmarks.scale.plot import draw
from tests.benchmarks.scale.trees import labels_of

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("nodes", NODES)
def test_a_tree_has_as_many_nodes_as_asked_for(nodes: int) -> None:
    labels = labels_of(nodes)

    assert len(labels) == nodes
    assert labels.depth.max() > 0
    if nodes != 632:
        assert np.bincount(labels.parent[labels.parent >= 0]).max() == 5


def test_what_is_learned_is_true_together_with_all_above_it() -> None:
    labels = labels_of(100)

    true = _truth(labels, 2, 3, torch.Generator().manual_seed(0)).numpy()

    assert true.shape == (2, 3, 100)
    below = labels.parent >= 0
    assert (true[..., below] <= true[..., labels.parent[below]]).all()


def test_the_head_of_the_shipped_graph_is_a_part_of_its_call(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "ROUNDS", 3)
    monkeypatch.setattr(hearing, "PROFILED_S", 2)

    hearing.main(SHIPPED / "model.onnx")

    found = json.loads(capsys.readouterr().out)
    assert found["call_us"] > 0
    assert found["head_us"] < found["call_us"]
    assert 0 < found["profiled_decisions_share"] < found["profiled_head_share"] < 0.5


def test_the_figures_become_a_picture(tmp_path: Path) -> None:
    row = dict.fromkeys(
        ("train_memory_mb", "memory_mb", "train_step_s", "call_us", "head_us", "decisions_us"), 1.0
    )
    shares = {"profiled_head_share": 0.1, "profiled_decisions_share": 0.05}

    draw([{"nodes": nodes, **row, **shares} for nodes in (10, 100)], tmp_path / "scale.png")

    assert (tmp_path / "scale.png").read_bytes().startswith(b"\x89PNG")
