"""Label trees to judge losses and decisions on: a small one to work by hand, and any."""

from hypothesis import strategies as st

import ontology
from ontology import LabelSet
from tests.ontology.plans import plans, to_yaml

SMALL = """\
version: 1
name: small
nodes:
  - id: alarm
    name: Alarm
    children:
      - id: life_safety
        name: Life-safety alarm
        children:
          - {id: smoke, name: Smoke alarm}
          - {id: bell, name: Fire bell}
      - {id: siren, name: Siren}
  - {id: speech, name: Speech}
"""

TINY = """\
version: 1
name: tiny
nodes:
  - id: alarm
    name: Alarm
    children:
      - {id: smoke_alarm, name: Smoke alarm}
      - {id: siren, name: Siren}
  - {id: speech, name: Speech}
"""

ALARM, LIFE_SAFETY, SMOKE, BELL, SIREN, SPEECH = range(6)
"""Columns of the small tree."""

label_sets: st.SearchStrategy[LabelSet] = plans(max_nodes=12, max_depth=5).map(
    lambda plan: LabelSet(ontology.parse(to_yaml(plan)))
)


def small() -> LabelSet:
    """The small tree: leaves are smoke, bell, siren and speech."""
    return LabelSet(ontology.parse(SMALL))


def tiny() -> LabelSet:
    """The tiny tree: alarm, of which smoke_alarm and siren are leaves, and speech."""
    return LabelSet(ontology.parse(TINY))
