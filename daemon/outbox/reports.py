"""Reports: what the outbox takes, and what it gives."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from daemon.clocks import Clock
from daemon.mqtt.payloads import read_object

ROW_COLUMNS = (
    "id, kind, event_id, seq, critical, body, final, queued_wall_s, queued_boottime_s, boot_id"
)

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
        is_last: nothing comes after it about this event.
    """

    kind: Kind
    event_id: str
    seq: int
    critical: bool
    body: bytes
    is_last: bool = False


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


def read_row(row: Sequence[object], *, clock: Clock) -> Waiting | None:
    """Make a report of a row of the database.

    SQLite checks how its pages fit together, not what is in them: a card that flips a bit leaves
    any value of any type.

    Args:
        row: values of `ROW_COLUMNS`.
        clock: for its age.

    Returns:
        The report; None if the row cannot be what was once written.
    """
    number, kind, event_id, seq, critical, body, final, wall_s, boottime_s, boot_id = row
    if not (
        isinstance(number, int)
        and kind in ("alert", "event")
        and isinstance(event_id, str)
        and isinstance(seq, int)
        and critical in (0, 1)
        and isinstance(body, bytes)
        and _is_object(body)
        and (final is None or (isinstance(final, bytes) and _is_object(final)))
        and isinstance(wall_s, float)
        and isinstance(boottime_s, float)
        and math.isfinite(wall_s)
        and math.isfinite(boottime_s)
        and isinstance(boot_id, str)
    ):
        return None
    return Waiting(
        id=number,
        kind="alert" if kind == "alert" else "event",
        event_id=event_id,
        seq=seq,
        critical=bool(critical),
        body=body,
        final=final,
        **_age(wall_s, boottime_s, boot_id, clock=clock),
    )


class _Age(TypedDict):
    age_s: float
    is_of_former_boot: bool
    is_age_known: bool


def _age(wall_s: float, boottime_s: float, boot_id: str, *, clock: Clock) -> _Age:
    """Time since a row was queued: of the same boot by a clock that never jumps.

    Over a restart only the wall clock is left, and a machine without a battery for it begins
    at any time in the past: all that is sure is that the row is older than this boot.
    """
    now_s = clock.boottime_s()
    if boot_id == clock.boot_id:
        return _Age(age_s=max(0.0, now_s - boottime_s), is_of_former_boot=False, is_age_known=True)
    by_wall_s = clock.wall_s() - wall_s
    return _Age(age_s=max(by_wall_s, now_s), is_of_former_boot=True, is_age_known=by_wall_s >= 0)


def _is_object(payload: bytes) -> bool:
    try:
        read_object(payload)
    except ValueError:
        return False
    return True
