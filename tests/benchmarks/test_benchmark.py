"""The benchmark's own arithmetic, and one short run of all of it."""

from io import StringIO

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from rich.console import Console

from aed.audio import SAMPLE_RATE_HZ
from aed.bundle import default_bundle_path
from daemon import capture, playback
from tests.benchmarks.contestants import (
    AED_CALLS_PER_S,
    DAEMON_CALLS_PER_S,
    YAMNET_HOPS_SAMPLES,
    Contestant,
    Samples,
    load_yamnet,
    yamnet_folder,
)
from tests.benchmarks.cost import cost_per_call, costs_ms_per_s, ratios, spread
from tests.benchmarks.daemon_cost import DaemonCost, daemon_costs
from tests.benchmarks.fresh import Start
from tests.benchmarks.hot_spots import HotSpots, ancestors
from tests.benchmarks.report import (
    DAEMON_AED,
    HEADLINE_AED,
    HEADLINE_YAMNET,
    Results,
    as_json,
    show,
)
from training.yamnet import YAMNET_WINDOW_SAMPLES


def contestant(key: str, hear: list[str], hop_samples: int = 3_200) -> Contestant:
    def note(_samples: Samples) -> None:
        hear.append(key)

    return Contestant(key=key, title=key, hop_samples=hop_samples, posteriors_per_s=10.0, hear=note)


def results(costs: dict[str, list[float]]) -> Results:
    return Results(
        machine={"processor": "a slow one"},
        audio="a minute",
        contestants=[
            contestant(HEADLINE_AED, [], 16_000),
            contestant(DAEMON_AED, [], 3_200),
            *([contestant(HEADLINE_YAMNET, [], 15_600)] if HEADLINE_YAMNET in costs else []),
        ],
        costs={DAEMON_AED: [4.0, 8.0, 36.0], **costs},
        starts={"aed": [Start(first_posterior_s=0.3, memory_mb=50.0)]},
        daemons=[
            DaemonCost(num_sources=1, memory_mb=90.0, daemon_ms_per_s=8.0, children_ms_per_s=1.5)
        ],
        model_bytes={"aed": 1_000_000},
        layers={"onnxruntime": [0.4, 0.5, 0.6]},
        hot_spots=HotSpots(front_end_ms=0.1, network_ms=0.2, kernels_per_call=9, kernels_ms={}),
    )


def test_contestants_take_turns_and_the_first_round_does_not_count() -> None:
    heard: list[str] = []
    both = [contestant("a", heard), contestant("b", heard)]

    costs = costs_ms_per_s(both, np.zeros(SAMPLE_RATE_HZ, np.float32), rounds=2)

    assert heard == ["a", "b", "b", "a", "a", "b"]
    assert {key: len(rounds) for key, rounds in costs.items()} == {"a": 2, "b": 2}


def test_medians_ratios_and_the_cost_of_a_call() -> None:
    assert spread([3.0, 1.0, 2.0]).median == 2.0
    assert ratios([1.0, 2.0], [2.0, 8.0]) == [0.5, 0.25]
    assert cost_per_call({1: 0.7, 2: 0.9, 5: 1.5}) == pytest.approx((0.5, 0.2))


def test_the_ratio_is_taken_round_by_round() -> None:
    written = as_json(results({HEADLINE_AED: [1.0, 2.0, 9.0], HEADLINE_YAMNET: [2.0, 4.0, 9.0]}))

    assert (written["aed_ms_per_s"], written["yamnet_ms_per_s"]) == (2.0, 4.0)
    assert (written["ratio"], written["ratio_range"]) == (0.5, [0.5, 1.0])
    assert (written["daemon_ratio"], written["daemon_ratio_range"]) == (2.0, [2.0, 4.0])


def test_one_contestant_does_what_the_daemon_does() -> None:
    assert capture.BLOCK_S == playback.BLOCK_S == 1.0 / DAEMON_CALLS_PER_S
    assert DAEMON_CALLS_PER_S in AED_CALLS_PER_S


def test_without_yamnet_its_figures_are_null() -> None:
    written = as_json(results({HEADLINE_AED: [1.0, 2.0, 9.0]}))

    assert (written["aed_ms_per_s"], written["yamnet_ms_per_s"], written["ratio"]) == (
        2.0,
        None,
        None,
    )


def test_what_an_output_depends_on_is_found_in_the_graph() -> None:
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("Log", ["audio"], ["log_mel"], name="front"),
            helper.make_node("Neg", ["log_mel"], ["logits"], name="network"),
        ],
        "graph",
        [value("audio", TensorProto.FLOAT, [1])],
        [value("log_mel", TensorProto.FLOAT, [1]), value("logits", TensorProto.FLOAT, [1])],
    )

    assert ancestors(helper.make_model(graph), "log_mel") == {"front"}
    assert ancestors(onnx.ModelProto(graph=graph), "logits") == {"front", "network"}


@pytest.mark.yamnet
@pytest.mark.parametrize("hop_samples", YAMNET_HOPS_SAMPLES)
def test_yamnet_hears_a_recording_at_every_hop(hop_samples: int) -> None:
    folder = yamnet_folder()
    assert folder is not None

    load_yamnet(folder)(hop_samples, np.zeros(2 * YAMNET_WINDOW_SAMPLES, np.float32))


def test_the_tables_fit_a_terminal_and_name_both_ratios() -> None:
    sink = StringIO()
    costs = {
        HEADLINE_AED: [1.0, 2.0, 9.0],
        HEADLINE_YAMNET: [2.0, 4.0, 9.0],
    }

    show(results(costs), Console(file=sink, width=80))

    assert "aed needs 0.50 of YAMNet's processor time" in sink.getvalue()
    assert "it needs 2.00 of YAMNet's" in sink.getvalue()

    assert "…" not in sink.getvalue()


@pytest.mark.slow
def test_a_running_daemon_is_measured_with_its_children() -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, SAMPLE_RATE_HZ).astype(np.float32)

    (cost,) = daemon_costs(default_bundle_path(), noise, num_sources=[2], measure_s=2.0)

    assert cost.num_sources == 2
    assert 30.0 < cost.memory_mb < 300.0
    assert 0.0 < cost.daemon_ms_per_s < 1000.0
    assert 0.0 <= cost.children_ms_per_s < 1000.0
