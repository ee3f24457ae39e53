"""Whoever tries passwords soon has to wait, from one address or from many."""

from daemon.page.attempts import OF_ALL, PER_ADDRESS, WINDOW_S, Attempts
from tests.daemon.fake_clock import FakeClock


def test_an_address_waits_after_a_few_failures_and_others_do_not() -> None:
    clock = FakeClock()
    attempts = Attempts(now_s=clock.boottime_s)
    for _ in range(PER_ADDRESS):
        assert attempts.wait_s("10.0.0.1") == 0.0
        attempts.fail("10.0.0.1")

    assert attempts.wait_s("10.0.0.1") == WINDOW_S
    assert attempts.wait_s("10.0.0.2") == 0.0
    clock.advance(WINDOW_S)
    assert attempts.wait_s("10.0.0.1") == 0.0


def test_many_addresses_together_wait_too() -> None:
    attempts = Attempts(now_s=FakeClock().boottime_s)
    for number in range(OF_ALL):
        attempts.fail(f"10.0.0.{number}")

    assert attempts.wait_s("10.0.1.1") == WINDOW_S


def test_whoever_gets_in_begins_anew() -> None:
    attempts = Attempts(now_s=FakeClock().boottime_s)
    for _ in range(OF_ALL):
        attempts.fail("10.0.0.1")
        attempts.succeed("10.0.0.1")

    assert attempts.wait_s("10.0.0.1") == attempts.wait_s("10.0.0.2") == 0.0


def test_ever_new_addresses_do_not_fill_the_memory() -> None:
    attempts = Attempts(now_s=FakeClock().boottime_s)
    for number in range(5_000):
        attempts.fail(str(number))

    assert len(attempts._by_address) == 1_000
