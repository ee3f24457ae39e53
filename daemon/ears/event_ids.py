"""Event ids: UUID version 7, so that ids sort by the time the event began (RFC 9562, 5.7)."""

import os
import uuid


def new_event_id(wall_s: float) -> str:
    """Make a UUIDv7.

    Args:
        wall_s: seconds since the Unix epoch.

    Returns:
        The UUID in its usual text form.
    """
    unix_ms = int(wall_s * 1000) & ((1 << 48) - 1)
    random_bits = int.from_bytes(os.urandom(10))
    value = unix_ms << 80 | random_bits
    value = value & ~(0xF << 76) | 0x7 << 76  # version 7
    value = value & ~(0x3 << 62) | 0x2 << 62  # RFC variant
    return str(uuid.UUID(int=value))
