"""The methods that are compared: ours, its parts, and the baselines that keep it honest.

All of them train the same network for the same number of steps on as many labelled crops a step,
distorted the same way. They differ in what the head is, whether unlabelled crops take part besides,
where the weights begin, and how an answer is read from the output.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Head = Literal["flat", "siblings"]
Reading = Literal["flat", "sums", "tree"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One way to learn and to answer.

    Attributes:
        letter: as tables and plots abbreviate it.
        title: as tables and plots name it.
        head: `flat` is a softmax over leaves, `siblings` one over the children of each node.
        is_consistent: a step has unlabelled crops besides, taught by the running mean.
        is_pretrained: the network begins with weights of masked-spectrogram pretraining.
        is_probe: only the head is trained.
        reading: `flat` knows of no tree; `sums` sums leaves; `tree` multiplies along a tree.
        training: methods with the same one share their trained weights.
    """

    letter: str
    title: str
    head: Head
    reading: Reading
    training: str
    is_consistent: bool = False
    is_pretrained: bool = False
    is_probe: bool = False


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "flat": Method(
            letter="a", title="flat supervised", head="flat", reading="flat", training="flat"
        ),
        "flat_hierarchy": Method(
            letter="b",
            title="flat, hierarchy at decision time",
            head="flat",
            reading="sums",
            training="flat",
        ),
        "masked_probe": Method(
            letter="c1",
            title="self-supervised, linear probe",
            head="flat",
            reading="sums",
            training="masked",
            is_pretrained=True,
            is_probe=True,
        ),
        "masked_finetune": Method(
            letter="c2",
            title="self-supervised, fine-tuned",
            head="flat",
            reading="sums",
            training="masked",
            is_pretrained=True,
        ),
        "tree": Method(
            letter="d", title="tree only", head="siblings", reading="tree", training="tree"
        ),
        "flat_consistency": Method(
            letter="e",
            title="consistency only",
            head="flat",
            reading="sums",
            training="flat_consistency",
            is_consistent=True,
        ),
        "tree_consistency": Method(
            letter="f",
            title="tree and consistency (ours)",
            head="siblings",
            reading="tree",
            training="tree_consistency",
            is_consistent=True,
        ),
    }
)


def network_of(name: str) -> str:
    """Which network a method answers from: two readings of one softmax share theirs."""
    method = METHODS[name]
    return name if method.is_pretrained else method.training
