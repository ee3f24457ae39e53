"""What the demonstration showed: each sound of the scene beside the alerts that name it."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.box import SIMPLE
from rich.table import Table

from aed.commands.demo.messages import Message
from ontology import Ontology
from training.synthesis.rendered import Span

MUST_ARRIVE = ("smoke_alarm", "window_glass")
"""Nodes that must be named in an alert for the demonstration to count as passed."""

GRACE_S = 10.0
"""An alert that comes later than this after the end of a sound belongs to another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert as it reached the subscriber.

    Attributes:
        path: node ids from the root to what it names.
        score: calibrated posterior.
        pattern: the timing recognised, or None.
        at_s: arrival in the scene's time, in seconds.
    """

    path: tuple[str, ...]
    score: float
    pattern: str | None
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One sound of the scene and what was said about it.

    Attributes:
        span: the sound.
        alerts: those on the way from the root to its node, in order of arrival.
    """

    span: Span
    alerts: tuple[Alert, ...]

    @property
    def named(self) -> Alert | None:
        """The first alert that names the sound itself and not only its super-category."""
        return next((alert for alert in self.alerts if alert.path[-1] == self.span.node), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All sounds with their alerts, and the alerts that no sound explains.

    Attributes:
        rows: one for each sound, by onset.
        unexplained: false alarms.
    """

    rows: tuple[Row, ...]
    unexplained: tuple[Alert, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Those of MUST_ARRIVE that no alert named while they sounded."""
        named = {row.span.node for row in self.rows if row.named is not None}
        return tuple(node for node in MUST_ARRIVE if node not in named)


def alerts_of(messages: Sequence[Message], topic: str, began_at_s: float) -> list[Alert]:
    """Pick the alerts from what a subscriber received.

    Args:
        messages: in order of arrival.
        topic: the topic of alerts.
        began_at_s: wall time of the scene's first sample.
    """
    return [
        Alert(
            path=tuple(message.fields["path"].split("/")),
            score=message.fields["score"],
            pattern=message.fields["pattern"],
            at_s=message.received_at_s - began_at_s,
        )
        for message in messages
        if message.topic == topic
    ]


def summarise(spans: Sequence[Span], alerts: Sequence[Alert], ontology: Ontology) -> Summary:
    """Give each alert to the sound it speaks of.

    An alert speaks of a sound if it names the sound's node or an ancestor of it, and arrives
    between the sound's onset and GRACE_S after its end; of several the latest.

    Args:
        spans: what sounded when.
        alerts: what arrived when.
        ontology: the tree that the nodes belong to.
    """
    given: dict[int, list[Alert]] = {number: [] for number in range(len(spans))}
    unexplained = []
    for alert in alerts:
        matching = [
            number
            for number, span in enumerate(spans)
            if alert.path[-1] in ontology.path(span.node).split("/")
            and span.onset_s <= alert.at_s <= span.offset_s + GRACE_S
        ]
        if matching:
            given[matching[-1]].append(alert)
        else:
            unexplained.append(alert)
    rows = (Row(span=span, alerts=tuple(given[number])) for number, span in enumerate(spans))
    return Summary(rows=tuple(rows), unexplained=tuple(unexplained))


def table(summary: Summary, ontology: Ontology) -> Table:
    """Draw the summary.

    Args:
        summary: what to draw.
        ontology: for the names of nodes.
    """
    drawn = Table(box=SIMPLE, pad_edge=False, collapse_padding=True)
    drawn.title, drawn.title_justify = "What sounded, and what MQTT said", "left"
    drawn.add_column("Sound")
    drawn.add_column("when (s)", justify="right")
    drawn.add_column("Alerts, after the onset")
    drawn.add_column("Score", justify="right")
    for row in summary.rows:
        drawn.add_row(*_cells(row, ontology))
    for alert in summary.unexplained:
        drawn.add_row("nothing of the kind", f"{alert.at_s:.1f}", alert.path[-1], style="red")
    return drawn


def _cells(row: Row, ontology: Ontology) -> list[str]:
    span = row.span
    sound = [ontology.node(span.node).name, f"{span.onset_s:.1f} - {span.offset_s:.1f}"]
    must_arrive = span.node in MUST_ARRIVE
    if not row.alerts:
        return [*sound, "[red]none[/]" if must_arrive else "[dim]none wanted[/]"]
    steps = []
    for alert in row.alerts:
        colour = "green" if alert.path[-1] == span.node else "default"
        pattern = f" ({alert.pattern.upper()})" if alert.pattern else ""
        delay_s = alert.at_s - span.onset_s
        steps.append(f"[{colour}]{alert.path[-1]}[/]{pattern} {delay_s:.1f} s")
    if must_arrive and row.named is None:
        steps.append("[red]not named in full[/]")
    return [*sound, ", ".join(steps), f"{row.alerts[-1].score:.2f}"]
