"""A small ontology with plain thresholds, for tests of the event logic."""

from aed.events import Event, EventTracker
from aed.thresholds import resolve
from ontology import Ontology, parse
from tests.aed.tables import FMAX_HZ, FMIN_HZ, Row, table

HOUSE = parse("""\
version: 1
name: house
nodes:
  - id: alarm
    name: Alarm
    alert: {critical: false}
    children:
      - id: life_safety
        name: Life-safety alarm
        alert: {critical: true}
        children:
          - {id: smoke_alarm, name: Smoke alarm, alert: {critical: true}}
          - {id: co_alarm, name: CO alarm, alert: {critical: true}}
      - {id: timer_beep, name: Timer}
  - id: breakage
    name: Breakage
    alert: {critical: false}
    children:
      - {id: window_glass, name: Window glass, alert: {critical: true}}
      - {id: crockery, name: Crockery}
  - id: person
    name: Person
    children:
      - {id: speech, name: Speech}
      - {id: scream, name: Scream, alert: {critical: false}}
""")
SIMPLE = {"default": {"on": 0.5, "off": 0.3, "dwell_s": 0.5, "hold_s": 1.0}}


def tracker(ontology: Ontology = HOUSE, **nodes: dict[str, float]) -> EventTracker:
    thresholds = resolve(SIMPLE | nodes, ontology)
    return EventTracker(ontology, thresholds, fmin_hz=FMIN_HZ, fmax_hz=FMAX_HZ)


def track(rows: list[Row], ontology: Ontology = HOUSE, **nodes: dict[str, float]) -> list[Event]:
    tracking = tracker(ontology, **nodes)
    return [*tracking.feed(table(ontology, rows)), *tracking.flush()]


def phases(events: list[Event]) -> list[tuple[int, str, str]]:
    return [(event.number, event.phase, event.node) for event in events]


def ends(events: list[Event]) -> list[tuple[str, float, float | None]]:
    return [(e.node, e.onset_s, e.offset_s) for e in events if e.phase == "end"]
