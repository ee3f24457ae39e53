"""The self-test finds a model that computes something else than for its maker."""

from dataclasses import replace

import numpy as np

from aed.bundle import Bundle
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


def test_a_model_that_fails_on_the_clip_fails_the_test(bundle: Bundle) -> None:
    torn = SelfTestClip(
        audio=bundle.self_test.audio[:1_700], posteriors=bundle.self_test.posteriors[:1]
    )
    result = replace(bundle, self_test=torn).new_self_test().run()

    assert result.deviation is None
    assert result.problem is not None
    assert result.problem.startswith("the model fails on the clip: ")
