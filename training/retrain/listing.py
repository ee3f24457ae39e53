"""What a data folder lists, before anybody has listened to it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Split = Literal["", "train", "held_out"]
"""Empty: the list does not say, so that whoever trains may hold it out."""


def printable(text: str) -> str:
    """A text as any file or terminal takes it: bytes of names that are not UTF-8 as escapes."""
    return text.encode(errors="backslashreplace").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedClip:
    """One clip as its list has it.

    Attributes:
        path: relative to the folder of its listing.
        labels: what is heard in it, in the list's own words.
        group: clips of one session or source share it.
        split: whether the list itself holds it out.
        where: the line that lists it; empty if a folder does.
    """

    path: str
    labels: tuple[str, ...]
    group: str
    split: Split = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A clip, or a line of a list, that cannot be used.

    Attributes:
        path: of the clip; empty if a line names none.
        where: the line that lists it; empty if a folder does.
        problem: what is wrong with it, and what to do.
    """

    path: str
    where: str
    problem: str

    def __str__(self) -> str:
        told = ": ".join(part for part in (self.where, self.path, self.problem) if part)
        return printable(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All clips of a data folder.

    Attributes:
        folder: to which paths are relative.
        layout: which kind of folder it is, for the user.
        clips: what is listed.
        faults: what is listed and cannot be a clip.
        notes: what the user should know, a sentence each.
        listed: paths of all clips that a table names, even of those that train nothing; None if
            there is no table, or one that names more than is unpacked.
    """

    folder: Path
    layout: str
    clips: tuple[ListedClip, ...]
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = field(default=())
    listed: frozenset[str] | None = None
