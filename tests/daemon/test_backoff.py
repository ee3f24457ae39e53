"""Waits double up to a cap, and never fall into step."""

import random

from hypothesis import given
from hypothesis import strategies as st

from daemon.backoff import Backoff


@given(st.integers(0, 2**32), st.integers(0, 3_000))
def test_waits_stay_within_a_quarter_of_a_doubling_capped_middle(
    seed: int, num_failures: int
) -> None:
    rng = random.Random(seed)  # noqa: S311 - jitter, no secret
    backoff = Backoff(first_s=1.0, cap_s=30.0, rng=rng)
    for _ in range(num_failures):
        backoff.next_wait_s()

    middle_s = min(30.0, 2.0 ** min(num_failures, 10))
    assert 0.75 * middle_s <= backoff.next_wait_s() <= 1.25 * middle_s


def test_two_daemons_do_not_return_in_the_same_moment() -> None:
    waits = {
        Backoff(first_s=1.0, cap_s=30.0, rng=random.Random(seed)).next_wait_s()  # noqa: S311 - jitter
        for seed in range(20)
    }

    assert len(waits) == 20


def test_success_begins_again_at_the_shortest_wait() -> None:
    backoff = Backoff(first_s=1.0, cap_s=30.0, rng=random.Random(1))  # noqa: S311 - jitter
    for _ in range(10):
        backoff.next_wait_s()
    backoff.succeed()

    assert backoff.next_wait_s() <= 1.25
