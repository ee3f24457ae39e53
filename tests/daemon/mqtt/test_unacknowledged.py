"""How long a broker owes an acknowledgement."""

from daemon.mqtt.unacknowledged import Unacknowledged
from tests.daemon.fake_clock import FakeClock


def test_what_counts_is_how_long_the_oldest_has_been_the_oldest() -> None:
    clock = FakeClock()
    owed = Unacknowledged(clock=clock)
    assert owed.owed_s == 0.0
    for mid in (1, 2, 3):
        owed.add(mid)
    clock.advance(15.0)
    assert owed.owed_s == 15.0

    owed.remove(1)
    clock.advance(15.0)
    owed.add(4)
    assert owed.owed_s == 15.0, "a slow broker has had so long for the second"

    owed.remove(3)
    assert owed.owed_s == 15.0, "one that passes over a message still owes it"
    owed.clear()
    assert owed.owed_s == 0.0
