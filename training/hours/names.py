"""Which file names say that a sound matters: such files are no negatives of what they may hold.

The list is as good as the names are: a file called `intro.ogg` may hold a siren all the same. What
a false alarm turns out to be is seen in the worst cases of `aed evaluate`.
"""

import re

WORDS = {
    "alarm": ("alarm", "alert", "warning", "beep", "buzzer"),
    "siren": ("siren",),
    "breakage": ("glass", "shatter", "smash", "break", "broken", "crash", "debris", "destroy"),
    "explosion": ("explo", "boom", "blast", "bomb", "grenade", "detonat"),
    "gunshot": ("shot", "shoot", "gun", "rifle", "cannon", "fire", "mortar", "minigun"),
    "doorbell": ("doorbell", "ding", "chime"),
    "phone": ("phone", "ring"),
    "scream": ("scream",),
}
"""Beginnings of words in names, by node."""

_WORD = re.compile(r"[a-z]+")


def node_in_name(name: str) -> str | None:
    """Node that a file name speaks of, None for most."""
    words = _WORD.findall(name.lower())
    for node, beginnings in WORDS.items():
        if any(word.startswith(beginnings) for word in words):
            return node
    return None
