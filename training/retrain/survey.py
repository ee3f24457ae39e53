"""Listens to every clip once: what cannot be learned from is told, clip by clip.

Axes: S samples.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from aed.audio import SAMPLE_RATE_HZ
from training.clips.bank import FRAME_SAMPLES
from training.clips.decoding import decode
from training.clips.manifest import ClipRow
from training.errors import MOST_SHOWN, TrainingDataError
from training.labels import UNLABELLED
from training.retrain.listing import Fault, ListedClip, Listing, Split, printable
from training.retrain.naming import Meaning, Names

SILENT_DBFS = -75.0
"""A clip whose loudest 100 ms stay below is silent: a muted microphone, or a cut that missed."""

FAULTS_NAME = "faults.tsv"


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyedClip:
    """A clip that can be learned from.

    Attributes:
        row: its absolute path, key of its meaning, and group.
        meaning: of its labels.
        split: whether its list holds it out.
        duration_s: its length.
        digest: of its samples.
    """

    row: ClipRow
    meaning: Meaning
    split: Split
    duration_s: float
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What there is to learn from, and what is wrong with the rest.

    Attributes:
        clips: usable ones, in the order of their listings.
        faults: a clip or line each.
        notes: what the user should know, a sentence each.
    """

    clips: tuple[SurveyedClip, ...]
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    listed: ListedClip
    surveyed: SurveyedClip


def survey(listings: Sequence[Listing], names: Names, console: Console) -> Survey:
    """Listen to all clips.

    Args:
        listings: what there is; where two have the same audio, that of the first one stays.
        names: of the ontology.
        console: for a bar, on a terminal.
    """
    faults = [fault for listing in listings for fault in listing.faults]
    notes = [note for listing in listings for note in listing.notes]
    heard: list[_Heard] = []
    clips = [(listing.folder, clip) for listing in listings for clip in listing.clips]
    hidden = not console.is_terminal
    for folder, clip in track(clips, "listening", console=console, transient=True, disable=hidden):
        found = _hear(folder, clip, names)
        if isinstance(found, _Heard):
            heard.append(found)
        else:
            faults += [Fault(path=clip.path, where=clip.where, problem=each) for each in found]
    kept, contradictions, told = _without_copies(heard)
    return Survey(
        clips=tuple(each.surveyed for each in kept),
        faults=(*faults, *contradictions),
        notes=(*notes, *told),
    )


def refuse_or_tell(found: Survey, out: Path, console: Console, *, skip_faulty: bool) -> None:
    """Tell of all faults: the first ones here, all of them in a table in `out`.

    Raises:
        TrainingDataError: there are faults, and they are not to be skipped; or the table cannot be
            written.
    """
    path = out / FAULTS_NAME
    if not found.faults:
        path.unlink(missing_ok=True)  # of clips that are repaired by now
        return
    lines = ["clip\tlisted in\tproblem", *(_row(fault) for fault in found.faults)]
    try:
        out.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise TrainingDataError(f"{path}: cannot be written ({error.strerror})") from error
    usable = len(found.clips)
    told = [f"{len(found.faults)} clips cannot be used, {usable} can; {path} lists all:"]
    told += [f"  {fault}" for fault in found.faults[:MOST_SHOWN]]
    if len(found.faults) > MOST_SHOWN:
        told.append(f"  ... and {len(found.faults) - MOST_SHOWN} more")
    if not skip_faulty:
        told.append("repair or remove them, or leave them out with --skip-faulty")
        raise TrainingDataError("\n".join(told))
    for line in told:
        console.print(printable(line), markup=False, highlight=False, soft_wrap=True)


def _hear(folder: Path, clip: ListedClip, names: Names) -> _Heard | list[str]:
    """The clip, or everything that is wrong with it."""
    meaning = names.meaning(clip.labels)
    problems = [meaning] if isinstance(meaning, str) else []
    path = (folder / clip.path).absolute()
    samples = None
    if not path.exists():
        problems.append("there is no such file; put it there, or remove it from the list")
    else:
        try:
            samples = decode(path)
        except TrainingDataError as error:
            problems.append(str(error).removeprefix(f"{path}: "))
    if samples is not None and (level := _loudest_dbfs(samples)) < SILENT_DBFS:
        problems.append(f"is silent: its loudest tenth of a second has {level:.0f} dBFS")
    if problems or samples is None or isinstance(meaning, str):
        return problems
    row = ClipRow(
        path=str(path),
        label=meaning.key,
        split="dev" if clip.split == "held_out" else "train",
        use="ship",
        source="own recordings",
        group=clip.group,
        licence="own",
    )
    return _Heard(
        listed=clip,
        surveyed=SurveyedClip(
            row=row,
            meaning=meaning,
            split=clip.split,
            duration_s=len(samples) / SAMPLE_RATE_HZ,
            digest=hashlib.sha256(samples.tobytes()).digest(),
        ),
    )


def _without_copies(heard: Sequence[_Heard]) -> tuple[list[_Heard], list[Fault], list[str]]:
    """The first of each audio; those that say different things of the same audio are faults."""
    alike: dict[bytes, list[_Heard]] = {}
    for each in heard:
        alike.setdefault(each.surveyed.digest, []).append(each)
    kept, faults, copies = [], [], 0
    for group in alike.values():
        labelled = [each for each in group if each.surveyed.meaning.key != UNLABELLED]
        if len({each.surveyed.meaning.key for each in labelled}) > 1:
            faults += [_contradiction(each, labelled) for each in labelled]
            continue
        kept.append((labelled or group)[0])
        copies += len(group) - 1
    told = [f"{copies} clips are copies of others, and count once"] if copies else []
    order = {id(each): place for place, each in enumerate(heard)}
    return sorted(kept, key=lambda each: order[id(each)]), faults, told


def _contradiction(clip: _Heard, group: Iterable[_Heard]) -> Fault:
    own = "+".join(clip.listed.labels)
    other = next(each for each in group if each.surveyed.meaning.key != clip.surveyed.meaning.key)
    problem = (
        f"is labelled {own!r}, but {other.listed.path} holds the same audio and is labelled "
        f"{'+'.join(other.listed.labels)!r}; keep the one that is right, or give both labels"
    )
    return Fault(path=clip.listed.path, where=clip.listed.where, problem=problem)


def _loudest_dbfs(samples: NDArray[np.int16]) -> float:
    """RMS of the loudest 100 ms of (S,)."""
    count = -(-len(samples) // FRAME_SAMPLES)
    padded = np.pad(samples.astype(np.float64) / 32_768, (0, count * FRAME_SAMPLES - len(samples)))
    power = (padded.reshape(count, FRAME_SAMPLES) ** 2).mean(axis=1).max()
    return float(10 * np.log10(max(power, 1e-12)))


def _row(fault: Fault) -> str:
    cells = (fault.path, fault.where, fault.problem)
    return "\t".join(" ".join(printable(cell).split()) for cell in cells)
