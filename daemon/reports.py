"""Reports: what is told once, as it goes into the outbox and as it waits there."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["alert", "event"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Something to tell, exactly as it goes into the outbox.

    Attributes:
        kind: where it goes: to `alert` or to `event`.
        event_id: the event it is about.
        seq: number of the message within the event.
        critical: must not be dropped before what is not critical.
        body: the payload as JSON, not yet published.
    """

    kind: Kind
    event_id: str
    seq: int
    critical: bool
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A report in the outbox.

    Attributes:
        id: row number; rows are published in its order.
        kind: where it goes.
        event_id: the event it is about.
        seq: number of the message within the event.
        critical: whether it is a matter of life and limb.
        body: the payload as it was queued.
        final: the payload as it was published before, or None.
        age_s: seconds since it was queued, as of reading the row; of another boot at least so many.
        is_of_former_boot: whether the machine has been restarted since.
        is_age_known: false if the wall clock has gone backwards over a restart: the report may
            be of any age.
    """

    id: int
    kind: Kind
    event_id: str
    seq: int
    critical: bool
    body: bytes
    final: bytes | None
    age_s: float
    is_of_former_boot: bool = False
    is_age_known: bool = True
