"""The gate: a retrained model that hears alarms worse than the old one is not installed unasked.

A critical node is worse if more than `TOLERATED_LOSS` of its sounds are lost, on balance, or if it
is reported falsely more often, or if the new ontology lacks it; of one that has not been heard,
nobody can say that it is not. Own recordings and synthesised
scenes are compared each by themselves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from aed.bundle import Bundle
from ontology import LabelSet
from training.retrain.hearings import NOTHING, OWN, SYNTHESISED, Figures, Found, Judge, Scene

TOLERATED_LOSS = 0.02
"""Share of a critical node's sounds that may be lost by accident: of fewer than 50, none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One node before and after.

    Attributes:
        node: its id in the new ontology, or in the old one if it is gone.
        is_critical: in either of them.
        before: by kind of scene; None if the old model does not know it.
        after: the same; None if the new one does not.
    """

    node: str
    is_critical: bool
    before: Mapping[str, Found] | None
    after: Mapping[str, Found] | None

    @property
    def is_untested(self) -> bool:
        """Whether it is critical and the new model has heard no sound of it."""
        return (
            self.is_critical
            and self.after is not None
            and not any(found.sounds for found in self.after.values())
        )

    def complaints(self) -> list[str]:
        """Why the new model is worse at a critical node, as parts of a sentence.

        Each kind of scene is judged alone: what is heard better in one is no comfort in the other.
        """
        if not self.is_critical or self.before is None:
            return []
        if self.after is None:
            return [f"the new ontology has no {self.node}"]
        told = []
        for kind, new in self.after.items():
            old = self.before[kind]
            if old.found - new.found > TOLERATED_LOSS * old.sounds:
                told.append(
                    f"{self.node} is heard {new.found} times of {new.sounds} ({kind}), where the "
                    f"old model heard it {old.found} times"
                )
            if new.false_alarms > old.false_alarms:
                told.append(
                    f"{self.node} is reported falsely {new.false_alarms} times in "
                    f"{new.hours:.1f} hours ({kind}), where the old model did so "
                    f"{old.false_alarms} times"
                )
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the comparison came to.

    Attributes:
        nodes: critical ones first, then those of the held-out recordings.
        complaints: what got worse, or could not be tested.
    """

    nodes: tuple[Compared, ...]
    complaints: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing critical got worse."""
        return not self.complaints

    @property
    def reason(self) -> str:
        """The verdict in one sentence."""
        if self.passed:
            return "No critical sound is heard worse than before."
        return f"Not to be installed unasked: {'; '.join(self.complaints)}."

    def as_dict(self, *, accepted: bool) -> dict[str, Any]:
        """Plain figures, as they stand in `bundle.yaml` under `quality.gate`.

        Args:
            accepted: whether the bundle may be installed: it passed, or the user takes it as it is.
        """
        return {
            "reason": self.reason,
            "passed": self.passed,
            "accepted": accepted,
            "nodes": {
                each.node: {
                    "critical": each.is_critical,
                    "before": _figures(each.before),
                    "after": _figures(each.after),
                }
                for each in self.nodes
            },
        }


def compare(
    scenes: Iterable[Scene],
    old: Bundle,
    new: Bundle,
    kept: Mapping[str, str],
) -> Verdict:
    """Let both models hear all scenes, and compare them.

    Args:
        scenes: told in the new ontology.
        old: the model before.
        new: the model after.
        kept: old node of each new one that the old model knows.
    """
    before = Judge(old, new.labels, kept)
    after = Judge(new, new.labels, {node: node for node in new.labels.nodes})
    for scene in scenes:
        before.hear(scene)
        after.hear(scene)
    return verdict(before.figures(), after.figures(), old.labels, new.labels, kept)


def critical(old: LabelSet, new: LabelSet, kept: Mapping[str, str]) -> frozenset[str]:
    """Nodes of a new ontology that are critical there, or were in the old one.

    Args:
        old: ontology of the old model.
        new: the new one.
        kept: old node of each new one that the old model knows.
    """
    return frozenset(
        node
        for node in new.nodes
        if new.ontology.node(node).is_critical
        or (node in kept and old.ontology.node(kept[node]).is_critical)
    )


def verdict(
    before: Figures, after: Figures, old: LabelSet, new: LabelSet, kept: Mapping[str, str]
) -> Verdict:
    """Compare figures.

    Args:
        before: of the old model, by its own nodes.
        after: of the new one, by its own.
        old: ontology of the old model.
        new: ontology of the new one.
        kept: old node of each new one that the old model knows.
    """
    worried = critical(old, new, kept)
    compared = [
        Compared(
            node=node,
            is_critical=node in worried,
            before=_of(before, kept[node]) if node in kept else None,
            after=_of(after, node),
        )
        for node in new.nodes
    ]
    gone = [node for node in old.nodes if node not in set(kept.values())]
    compared += [
        Compared(node=node, is_critical=True, before=_of(before, node), after=None)
        for node in gone
        if old.ontology.node(node).is_critical
    ]
    told = [each for each in compared if each.is_critical]
    told += [each for each in compared if not each.is_critical and _sounds_in_own(each)]
    complaints = [text for each in told for text in each.complaints()]
    if untested := [each.node for each in told if each.is_untested]:
        complaints.append(f"not tested, for want of a sound to hear: {', '.join(untested)}")
    return Verdict(nodes=tuple(told), complaints=tuple(complaints))


def show(result: Verdict, console: Console, sentence: str = "") -> None:
    """Print the table and a sentence: that of the verdict if none is given."""
    table = Table(title="before → after", title_justify="left", box=None)
    for heading in ("node", OWN, SYNTHESISED, "false alarms per hour"):
        table.add_column(heading)
    for each in result.nodes:
        name = f"{each.node} (critical)" if each.is_critical else each.node
        cells = [_recalls(each, kind) for kind in (OWN, SYNTHESISED)]
        table.add_row(name, *cells, _rates(each))
    console.print(table)
    console.print(sentence or result.reason, markup=False, highlight=False, soft_wrap=True)


def _of(figures: Figures, node: str) -> dict[str, Found]:
    return {kind: figures[node, kind] for kind in (OWN, SYNTHESISED)}


def _sounds_in_own(each: Compared) -> bool:
    return each.after is not None and each.after[OWN].sounds > 0


def _recalls(each: Compared, kind: str) -> str:
    return f"{_recall(each.before, kind)} → {_recall(each.after, kind)}"


def _recall(found: Mapping[str, Found] | None, kind: str) -> str:
    if found is None or found[kind].recall is None:
        return "–"
    return f"{found[kind].found}/{found[kind].sounds}"


def _rates(each: Compared) -> str:
    return f"{_rate(each.before)} → {_rate(each.after)}"


def _rate(found: Mapping[str, Found] | None) -> str:
    if found is None:
        return "–"
    both = sum(found.values(), NOTHING)
    return f"{both.false_alarms / both.hours:.2f}" if both.hours else "–"


def _figures(found: Mapping[str, Found] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    both = sum(found.values(), NOTHING)
    recalls = {
        kind: {"sounds": each.sounds, "found": each.found}
        for kind, each in found.items()
        if each.sounds
    }
    return {
        "recall": recalls,
        "false_alarms": both.false_alarms,
        "hours": round(both.hours, 3),
    }
