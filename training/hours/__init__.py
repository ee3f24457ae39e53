"""Hours of sound that no training touches, to count false alarms in and to measure delay and SNR.

| file | question |
|---|---|
| `packages` | reads that list |
| `debian` | downloads a package, unpacks it, finds its audio |
| `joining` | makes recordings of its files |
| `names` | which file names say that a critical sound is in them |
| `fetch` | all of it: recordings and their `truth.tsv` |
| `sources`, `scenes`, `mix` | home scenes of these recordings and of dev clips, with known events |

`python -m training.hours fetch`, then `python -m training.hours mix`.
"""
