"""Hears what all sources have brought since the last turn, together.

Sources bring their blocks each at moments of its own. Whoever waits a little after the first finds
several, and one call of the network hears them all.
"""

import select
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from aed.batch import hear_together
from daemon.clocks import Clock
from daemon.ears.announcer import Announcement
from daemon.ears.ear import Ear
from daemon.sources.source import Source

GATHER_S = 0.1
"""No source is heard so much later for the sake of others; nothing of it with a single source."""


def wait_for_others(
    descriptors: AbstractSet[int], ready: AbstractSet[int], *, clock: Clock
) -> None:
    """Wait until all sources have brought something, or `GATHER_S` have passed.

    Args:
        descriptors: of the sources that are read.
        ready: those of them that have brought something; without any nothing is waited for.
        clock: for how long.
    """
    if not ready:
        return
    missing = set(descriptors - ready)
    deadline_s = clock.boottime_s() + GATHER_S
    while missing and (remaining_s := deadline_s - clock.boottime_s()) > 0:
        poller = select.poll()
        for descriptor in missing:
            poller.register(descriptor, select.POLLIN)
        missing -= {descriptor for descriptor, _ in poller.poll(remaining_s * 1000)}


def hear_arrived(ears: Sequence[tuple[Source, Ear]], *, clock: Clock) -> list[Announcement]:
    """Read each source, hear what they gave.

    Args:
        ears: each source with the ear that hears it.
        clock: for what hearing costs.

    Returns:
        What there is to say, source by source.
    """
    arrived = []
    for source, ear in ears:
        chunk = source.read()
        if chunk is not None:
            arrived.append((ear, chunk, ear.take(chunk, waited_s=source.backlog.lag_s)))
    begin_s = clock.boottime_s()
    heard = hear_together([hearing for *_, hearing in arrived], [chunk for _, chunk, _ in arrived])
    took_s = clock.boottime_s() - begin_s
    heard_s = sum(chunk.duration_s for _, chunk, _ in arrived)
    return [
        announcement
        for (ear, chunk, _), each in zip(arrived, heard, strict=True)
        for announcement in ear.tell(chunk, each, took_s=took_s * chunk.duration_s / heard_s)
    ]
