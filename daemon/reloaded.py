"""What comes of reading the settings again."""

import logging
from dataclasses import dataclass

from aed.bundle import Bundle
from daemon.ears.announcer import Announcement
from daemon.ears.ear import Ear
from daemon.settings.models import Settings
from daemon.sources.source import Source

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """What the new settings make of the sources.

    Attributes:
        ears: each source with the ear that hears it from now on.
        announcements: what the former ears had still to say.
        off: topics of class states, with their neutral value, that are no more.
        offline: names of sources that are no more.
        bundle: what they hear with.
        settings: the new ones.
        info: new payload of the topic `info`.
    """

    ears: tuple[tuple[Source, Ear], ...]
    announcements: tuple[Announcement, ...]
    off: frozenset[str]
    offline: frozenset[str]
    bundle: Bundle
    settings: Settings
    info: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """The settings change so much that all parts must be made anew.

    Attributes:
        settings: the new ones, checked.
    """

    settings: Settings
