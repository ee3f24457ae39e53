"""The main loop wakes for signals and pokes."""

import os
import select
import signal

from daemon.wakeup import ReloadRequest, StopRequest, Wakeup


def is_awake(wakeup: Wakeup) -> bool:
    readable, _, _ = select.select([wakeup.fileno()], [], [], 0)
    return bool(readable)


def test_a_poke_wakes_until_it_is_drained() -> None:
    wakeup = Wakeup()
    assert not is_awake(wakeup)

    for _ in range(100_000):  # more than the pipe holds
        wakeup.poke()
    assert is_awake(wakeup)
    wakeup.drain()
    assert not is_awake(wakeup)

    wakeup.close()
    wakeup.poke()


def test_a_term_signal_asks_to_stop_and_the_former_handlers_come_back() -> None:
    wakeup = Wakeup()
    stop = StopRequest(wakeup)
    before = signal.getsignal(signal.SIGTERM)
    with stop.on_signals():
        os.kill(os.getpid(), signal.SIGTERM)
        assert is_awake(wakeup)

    assert stop.is_set
    assert signal.getsignal(signal.SIGTERM) is before
    wakeup.close()


def test_a_hangup_signal_asks_once_to_read_the_settings_again() -> None:
    wakeup = Wakeup()
    reload = ReloadRequest(wakeup)
    with reload.on_signal():
        os.kill(os.getpid(), signal.SIGHUP)
        assert is_awake(wakeup)

    assert reload.take()
    assert not reload.take()
    wakeup.close()
