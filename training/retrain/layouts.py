"""Which kind of data folder it is."""

import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from training.clips.manifest import MANIFEST_NAME
from training.errors import TrainingDataError
from training.labels import UNLABELLED
from training.retrain.corpora import (
    ESC50_LIST,
    FSD50K_LISTS,
    URBANSOUND_LIST,
    is_segments,
    read_esc50,
    read_fsd50k,
    read_segments,
    read_urbansound,
)
from training.retrain.folders import audio_files, read_folders
from training.retrain.listing import ListedClip, Listing
from training.retrain.lists import is_list, read_list
from training.retrain.naming import Names

_MANIFESTS = (MANIFEST_NAME, "manifest.csv")


def read_data(data: Path, names: Names) -> Listing:
    """List the clips of a data folder, or of a list of them.

    A folder is read by its manifest, else as ESC-50, UrbanSound8K or FSD50K if their lists lie in
    it, else by the only table of clips in it, else by the names of its folders.

    Raises:
        TrainingDataError: there is nothing, or several tables, or a table cannot be read.
    """
    if not data.exists():
        raise TrainingDataError(f"{data}: there is no such folder or list of clips")
    if not data.is_dir():
        return _read_file(data, names)
    listing = _read_folder(data, names)
    return listing if listing.listed is None else _with_unlisted(listing, listing.listed)


def _read_folder(data: Path, names: Names) -> Listing:
    for name in _MANIFESTS:
        if (data / name).exists():
            return read_list(data / name, names)
    if (data / ESC50_LIST).exists():
        return read_esc50(data)
    if (data / URBANSOUND_LIST).exists():
        return read_urbansound(data)
    if any((data / name).exists() for name in FSD50K_LISTS):
        return read_fsd50k(data)
    tables = [
        path
        for path in sorted(data.iterdir())
        if path.suffix in (".csv", ".tsv") and (is_segments(path) or is_list(path))
    ]
    if len(tables) > 1:
        raise TrainingDataError(
            f"{data}: {', '.join(path.name for path in tables)} are all lists of clips; give the "
            "one that is meant: --data FILE"
        )
    return _read_file(tables[0], names) if tables else read_folders(data, names)


def _read_file(path: Path, names: Names) -> Listing:
    return read_segments(path) if is_segments(path) else read_list(path, names)


def _with_unlisted(listing: Listing, listed: Collection[str]) -> Listing:
    """Say which recordings lie in a folder and are not in its list: nobody learns from them."""
    unlisted = [
        path
        for path in audio_files(listing.folder)
        if os.path.normpath(listing.folder / path) not in listed
    ]
    if not unlisted:
        return listing
    note = (
        f"{len(unlisted)} recordings lie in {listing.folder} and are not in the {listing.layout}, "
        f"the first of them {unlisted[0]}: they train nothing until there is a line for each"
    )
    return replace(listing, notes=(*listing.notes, note))


def read_unlabelled(folder: Path) -> Listing:
    """List all recordings below a folder as ones of which nothing is known.

    Raises:
        TrainingDataError: there is no such folder.
    """
    if not folder.is_dir():
        raise TrainingDataError(f"{folder}: there is no such folder of unlabelled recordings")
    clips = tuple(
        ListedClip(path=path, labels=(UNLABELLED,), group=f"unlabelled:{path}", split="train")
        for path in audio_files(folder)
    )
    return Listing(folder=folder, layout="unlabelled", clips=clips)
