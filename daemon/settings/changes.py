"""Which changes of the settings can be taken over by the parts that run."""

from daemon.settings.models import Settings

_KEPT = (
    *("sources", "thresholds", "classes", "second_look", "bundle"),
    *("clips", "mute", "requests", "taught_classes"),
)
"""Settings whose change leaves all other parts as they are."""


def needs_restart(before: Settings, now: Settings) -> bool:
    """Whether more than what is heard, and how, has changed.

    Args:
        before: the settings in use.
        now: the new ones.
    """
    kept: dict[str, bool | set[str]] = dict.fromkeys(_KEPT, True)
    kept["home_assistant"] = {"enabled", "language"}
    return before.model_dump(exclude=kept) != now.model_dump(exclude=kept)
