"""Folders that look like bundles to the store, which never looks into their files."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from daemon.bundles.store import BundleStore, folder_name


class FakeBundle:
    """A folder of two files, of some content."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / name
        self.path.mkdir(parents=True)
        for file in ("bundle.yaml", "model.onnx"):
            (self.path / file).write_text(f"{file} of {name}\n" * 50)
        (self.path / "notes.txt").write_text("no part of it")
        self.name = folder_name(name, self.hashes["bundle.yaml"])

    @property
    def hashes(self) -> Mapping[str, str]:
        """SHA-256 of each of its files."""
        return {
            file: hashlib.sha256((self.path / file).read_bytes()).hexdigest()
            for file in ("bundle.yaml", "model.onnx")
        }

    def is_whole_in(self, folder: Path) -> bool:
        """Whether a folder holds all of it."""
        return all(
            (folder / file).is_file()
            and (folder / file).read_bytes() == (self.path / file).read_bytes()
            for file in ("bundle.yaml", "model.onnx")
        )

    def install(self, store: BundleStore) -> None:
        """Install it as the installer does."""
        with store.lock():
            store.sweep()
            store.bring_in(self.path, self.name, self.hashes)
            store.make_current(self.name)


def prove(store: BundleStore) -> None:
    """Note that the current bundle has proven itself."""
    with store.lock():
        store.note(store.current, is_proven=True)


def go_back(store: BundleStore) -> None:
    """Lead the link back, to the shipped bundle at last."""
    before = store.predecessors()
    with store.lock():
        store.go_back(before[0] if before else None, problem="tried out")
