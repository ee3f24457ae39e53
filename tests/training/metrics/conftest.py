"""What the tests of metrics share: a small tree, whose numbers are worked out by hand.

animal ── pet ── dog          columns: animal 0, pet 1, dog 2, cat 3, bird 4,
   │       └──── cat                   alarm 5, smoke 6, bell 7, rain 8
   └───── bird
alarm ─── smoke               heights: animal 2, pet 1, alarm 1, the root 3, leaves 0
   └───── bell
rain
"""

import pytest

import ontology
from ontology import LabelSet

TREE = """
version: 1
name: nine
nodes:
  - id: animal
    name: Animal
    children:
      - {id: pet, name: Pet, children: [{id: dog, name: Dog}, {id: cat, name: Cat}]}
      - {id: bird, name: Bird}
  - {id: alarm, name: Alarm, children: [{id: smoke, name: Smoke}, {id: bell, name: Bell}]}
  - {id: rain, name: Rain}
"""


@pytest.fixture(scope="session")
def nine() -> LabelSet:
    return LabelSet(ontology.parse(TREE))
