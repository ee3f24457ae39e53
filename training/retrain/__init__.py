"""A model retrained at home, with an ontology and recordings of one's own.

| file | question |
|---|---|
| `naming` | which nodes a label means: ids, names, AudioSet, the label map |
| `layouts` | which kind of data folder it is; `folders`, `lists`, `corpora` read the kinds |
| `listing` | what all of them give |
| `survey` | what is wrong with the clips, one by one |
| `own_data` | which clips are learned from, which are held out |
| `warm_start` | the weights of a bundle, mapped to the new ontology |
| `scenes` | what is heard in training: own clips among synthesised sounds |
| `keeping` | a run that forgets nothing: only branches of own clips change |
| `held_out` | when to stop |
| `estimate` | how long it will take |
| `trial` | home scenes with synthesised critical sounds, the same for everyone |
| `hearings` | what a bundle makes of these and of held-out clips, node by node |
| `gate` | is the new model as good as the old one where it matters? |
| `release` | the bundle, and whether it may be installed |
| `background` | what taught sounds are told from, carried over from the old bundle |
| `retraining` | all of it, in order |
| `compare` | the gate's table for any two bundles and recordings |
| `example` | the recordings of the example in the documents |
"""
