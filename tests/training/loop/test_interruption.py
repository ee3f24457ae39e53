import os
import signal

import pytest

from training.loop.interruption import Interruption

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_remembered_and_afterwards_does_what_it_did_before(number: int) -> None:
    before = signal.getsignal(number)

    with Interruption(insist=True) as interruption:
        os.kill(os.getpid(), number)
        assert interruption.requested

    assert signal.getsignal(number) is before


def test_asking_a_second_time_stops_at_once() -> None:
    with Interruption(insist=True):
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_one_of_several_processes_is_not_stopped_by_hearing_it_twice() -> None:
    with Interruption(insist=False) as interruption:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

        assert interruption.requested
