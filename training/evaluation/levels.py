"""Level by level: was the sound named, its super-category, something else, or nothing.

And how true posteriors are.

Axes: P pairs of a posterior and its outcome.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ontology import LabelSet
from training.evaluation.hearing import Heard
from training.evaluation.material import JudgedNode
from training.evaluation.shipped import events_of
from training.metrics.calibration import Reliability, reliability

OUTCOMES = ("named", "super-category", "something else", "nothing")


def outcomes_by_depth(
    heard: Sequence[Heard], contestant: int, labels: LabelSet
) -> dict[int, Counter[str]]:
    """How often each outcome came, for the true nodes of each depth (0 is the top level).

    A node counts as named if an event reached it. Else the deepest event that stopped at a
    super-category of it counts, else any other event that is right of no sound, else nothing.
    """
    counts: dict[int, Counter[str]] = {}
    for each in heard:
        ended = each.said[contestant].ended
        for sound in each.judged.sounds:
            said = [labels.index[event.node] for event in events_of(sound, ended)]
            right = {
                column
                for column in said
                if any(other.target.true[column] for other in each.judged.sounds)
            }  # said of another sound, and rightly
            for column in np.flatnonzero(sound.target.true):
                if any(labels.ancestors[other, column] for other in said):
                    outcome = OUTCOMES[0]
                elif any(labels.ancestors[column, other] for other in said):
                    outcome = OUTCOMES[1]
                else:
                    outcome = OUTCOMES[2] if set(said) - right else OUTCOMES[3]
                counts.setdefault(int(labels.depth[column]), Counter())[outcome] += 1
    return dict(sorted(counts.items()))


def frame_reliability(heard: Sequence[Heard], contestant: int, node: JudgedNode) -> Reliability:
    """Reliability of a node's posteriors over all frames whose truth is marked, (P,).

    A sound that is somewhere in its recording says nothing of any frame.

    Args:
        heard: the recordings.
        contestant: whose scores, by its index.
        node: which.
    """
    scores, outcomes = [np.zeros(0, np.float32)], [np.zeros(0, np.bool_)]
    for each in heard:
        said = each.said[contestant]
        time_s = said.time_s()
        true = np.zeros(len(time_s), np.bool_)
        known = np.ones(len(time_s), np.bool_)
        for sound in each.judged.sounds:
            true_here = sound.target.true[node.column]
            unknown_here = sound.target.unknown[node.column]
            if not (true_here or unknown_here):
                continue
            if sound.onset_s is None or sound.offset_s is None:
                known[:] = False
                continue
            during = (time_s > sound.onset_s) & (time_s <= sound.offset_s)
            true |= during & true_here
            known &= ~(during & unknown_here)
        scores.append(said.scores[known, node.place])
        outcomes.append(true[known])
    return reliability(np.clip(np.concatenate(scores), 0, 1), np.concatenate(outcomes))
