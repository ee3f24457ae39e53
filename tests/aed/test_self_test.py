"""The self-test finds a model that computes something else than for its maker."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from aed import joint_inference
from aed.bundle import Bundle
from aed.inference import Frames, Inference
from aed.self_test import SELF_TEST_TOLERANCE, SelfTestClip


def test_the_shipped_model_passes_a_second_at_a_time(bundle: Bundle) -> None:
    run = bundle.new_self_test()
    seconds = len(bundle.self_test.audio) // 16_000

    before = [run.step() for _ in range(seconds - 1)]
    result = run.step()

    assert before == [None] * (seconds - 1)
    assert result is not None
    assert result.problem is None
    assert result.deviation is not None
    assert result.deviation <= SELF_TEST_TOLERANCE


def test_another_calibration_is_found_with_time_and_node(bundle: Bundle) -> None:
    result = replace(bundle, bias=bundle.bias + np.float32(1.0)).new_self_test().run()

    assert result.deviation is not None
    assert result.deviation > SELF_TEST_TOLERANCE
    assert result.problem is not None
    assert " s the posterior of " in result.problem


def test_what_is_no_number_fails_without_a_deviation(bundle: Bundle) -> None:
    spoilt = replace(bundle, bias=np.full_like(bundle.bias, np.nan))
    result = spoilt.new_self_test().run()

    assert result.deviation is None
    assert result.problem is not None
    assert result.problem.endswith("and is nan")


def test_a_network_that_errs_only_where_several_sources_are_heard_is_found(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swapped(
        streams: Sequence[Inference], blocks: Sequence[NDArray[np.float32]]
    ) -> list[Frames]:
        heard = joint_inference.run_together(streams, blocks)
        return [heard[0], heard[1]._replace(values=np.roll(heard[1].values, 1, axis=0))]

    monkeypatch.setattr("aed.self_test.run_together", swapped)

    problem = bundle.new_self_test().run().problem

    assert problem is not None
    assert problem.endswith(", heard together with another source")


def test_a_model_that_fails_on_the_clip_fails_the_test(bundle: Bundle) -> None:
    torn = SelfTestClip(
        audio=bundle.self_test.audio[:1_700], posteriors=bundle.self_test.posteriors[:1]
    )
    result = replace(bundle, self_test=torn).new_self_test().run()

    assert result.deviation is None
    assert result.problem is not None
    assert result.problem.startswith("the model fails on the clip: ")
