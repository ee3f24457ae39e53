"""How a detector does at home: events found, false alarms an hour, delay, over hours of sound.

| file | question |
|---|---|
| `truth` | what is known of a recording, as `truth.tsv` has it |
| `material` | which recordings are judged, and what each says about each node |
| `contestants` | who hears them: aed with its event logic, YAMNet |
| `hearing` | what they said of each recording |
| `matching` | which sounds were found, how often nothing was there |
| `sweep` | recall against false alarms per hour, over all thresholds |
| `shipped` | the same at the shipped thresholds, by the events that would have been published |
| `benchmarks` | the field's own measures: event-based F1, PSDS |
| `levels` | right, super-category, wrong or nothing, level by level; calibration |
| `plots`, `worst`, `page` | the pictures and the page |

Axes: T posterior frames, N ontology nodes, K judged nodes, R recordings.
"""
