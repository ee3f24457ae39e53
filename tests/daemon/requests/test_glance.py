"""What is heard now is the latest second."""

import numpy as np

from aed.posteriors import Posteriors
from daemon.requests.glance import Glance
from ontology import LabelSet
from tests.aed.house import HOUSE
from tests.aed.tables import Row, quiet, sounding, table
from tests.daemon.fake_clock import FakeClock


def test_the_most_probable_nodes_of_the_latest_second_are_seen() -> None:
    clock = FakeClock()
    glance = Glance(LabelSet(HOUSE), clock=clock)
    assert glance.see(3) is None
    rows: list[Row] = [*sounding(2, speech=0.9), *quiet(0.5), *sounding(0.3, speech=0.6)]

    glance.note(table(HOUSE, rows[:20]))
    glance.note(table(HOUSE, rows[20:], start_frame=20, level_dbfs=-12.0))
    clock.advance(3.0)

    seen = glance.see(2)
    assert seen is not None
    assert [node for node, _ in seen.nodes] == ["person", "speech"]
    assert [round(posterior, 2) for _, posterior in seen.nodes] == [0.9, 0.9]
    assert (seen.age_s, seen.level_dbfs) == (3.0, -12.0)
    glance.note(table(HOUSE, quiet(1), start_frame=28))
    later = glance.see(1)
    assert later is not None
    assert later.nodes[0][1] < 0.1


def test_what_is_no_number_is_not_shown_as_one() -> None:
    labels = LabelSet(HOUSE)
    glance = Glance(labels, clock=FakeClock())
    broken = Posteriors(
        values=np.full((1, len(labels)), np.nan, np.float32),
        start_frame=0,
        level_dbfs=np.full(1, np.nan, np.float32),
        log_mel=np.zeros((10, 4), np.float32),
    )

    glance.note(broken)

    seen = glance.see(1)
    assert seen is not None
    assert (seen.nodes[0][1], seen.level_dbfs) == (0.0, -120.0)
