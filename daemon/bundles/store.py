"""Installed bundles: versions side by side in the state directory, one of them `current`.

    bundles/home@3f2a9c1b/   each whole, or not there
    bundles/current          relative link to one of them; without it the shipped one is heard with
    bundles/history.json     in which order they became current, and which have proven themselves
    bundles/.incoming-…      what an install that was killed has left; the next one removes it
    bundles/.lock            held by whoever changes any of this

Whatever is interrupted wherever: a folder gets its name when all of it is on disk, the link is
replaced by a rename after that, and what the link leads to is never removed.
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from daemon.bundles.files import (
    check_room,
    copy_bundle,
    is_same_bundle,
    own,
    remove,
    sync_folder,
)
from daemon.bundles.history import Installed, read_history, write_history
from daemon.errors import InstallError

KEPT = 3
"""So many are kept, the current one among them."""

_LINK, _NEW_LINK = "current", "current.new"
_HISTORY = "history.json"
_INCOMING = ".incoming-"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*@[0-9a-f]{8}")


def folder_name(name: str, digest: str) -> str:
    """Name of the folder of a bundle.

    Args:
        name: what its maker called it.
        digest: SHA-256 of its description.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name).lstrip("._-")[:64] or "bundle"
    return f"{plain}@{digest[:8]}"


class BundleStore:
    """The folder of installed bundles."""

    def __init__(self, state: Path) -> None:
        """Look at it; makes nothing.

        Args:
            state: the state directory.
        """
        self.folder = state / "bundles"

    @property
    def link(self) -> Path:
        """What the daemon hears with, if it is there."""
        return self.folder / _LINK

    @property
    def current(self) -> str | None:
        """Where the link leads; None if there is none. A folder of that name leads to itself."""
        try:
            return str(self.link.readlink())
        except FileNotFoundError:
            return None
        except OSError:
            return _LINK if os.path.lexists(self.link) else None

    def history(self) -> list[Installed]:
        """Every version that is there, in the order in which they became current.

        Those after the current one were given up, or an install has not come to its end.
        """
        present = self._present()
        listed = read_history(self.folder / _HISTORY)
        if listed is None:  # or damaged: the disk knows when each came
            names = sorted(present, key=lambda name: (self.folder / name).stat().st_mtime)
            ours = [name for name in names if name == self.current]
            return [Installed(name=n) for n in [*(n for n in names if n not in ours), *ours]]
        return [each for each in listed if each.name in present]

    def find(self, name: str | None) -> Installed | None:
        """What is known of a version; None if it is none of ours."""
        return next((each for each in self.history() if each.name == name), None)

    def predecessors(self) -> list[str]:
        """What was current before and not given up, the latest first (and then the shipped one)."""
        history, current = self.history(), self.current
        names = [each.name for each in history]
        if current is None:
            return []
        before = history[: names.index(current)] if current in names else history
        return [each.name for each in reversed(before) if each.problem is None]

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep others from changing anything; ends with the process at the latest.

        Raises:
            InstallError: somebody else does, or the folder cannot be made.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(
                self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise _refused(self.folder, error) from error
        try:
            own(self.folder, like=self.folder.parent)
            own(self.folder / ".lock", like=self.folder)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InstallError(
                    f"{self.folder} is being changed by another install; try again in a moment"
                ) from None
            yield
        finally:
            os.close(descriptor)

    def sweep(self) -> None:
        """Remove what an interrupted install has left; under the lock.

        Raises:
            InstallError: the disk refuses.
        """
        kept = {each.name for each in self.history()} | {self.current}
        try:
            for path in list(self.folder.iterdir()):
                name = path.name
                if name.startswith(_INCOMING) or (name not in kept and _NAME.fullmatch(name)):
                    remove(path)
                elif name in (_NEW_LINK, "history.new"):
                    path.unlink()
        except OSError as error:
            raise _refused(self.folder, error) from error

    def bring_in(self, source: Path, name: str, hashes: Mapping[str, str]) -> None:
        """Copy a bundle to its folder; it is whole and on disk when this returns. Under the lock.

        Args:
            source: its folder elsewhere.
            name: of its folder here; what has that name and is not the same is replaced.
            hashes: SHA-256 of each file that belongs to it.

        Raises:
            BundleError: a file is not, or not any more, what it should be.
            InstallError: there is no room, or the disk refuses; nothing has changed then.
        """
        target = self.folder / name
        if is_same_bundle(target, hashes):
            return
        incoming = self.folder / f"{_INCOMING}{os.getpid()}"
        damaged = self.folder / f"{_INCOMING}damaged-{os.getpid()}"
        try:
            try:
                check_room(source, self.folder, hashes)
                copy_bundle(source, incoming, hashes)
                if os.path.lexists(target):  # nobody can hear with it
                    target.rename(damaged)
                incoming.rename(target)
                sync_folder(self.folder)
            finally:
                for path in (incoming, damaged):
                    with contextlib.suppress(OSError):  # the next `sweep` tries again
                        remove(path)
        except OSError as error:
            raise _refused(self.folder, error) from error

    def make_current(self, name: str) -> None:
        """Lead the link to a version that is here, and remove what is too old; under the lock.

        What was given up before is forgotten. The latest that has proven itself stays, as does the
        predecessor of the new one.

        Args:
            name: of its folder.

        Raises:
            InstallError: the disk refuses; the link leads where it did.
        """
        current, history = self.current, self.history()
        if current == _LINK:
            raise InstallError(
                f"{self.link} is a folder and no link: somebody has put it there by hand; "
                f"`aed bundle rollback` sets it aside"
            )
        if current == name:
            return
        names = [each.name for each in history]
        end = names.index(current) + 1 if current in names else len(names)
        if current is None:
            end = 0  # the shipped one was gone back to, past all of them
        before = [e for e in history[:end] if e.name != name and e.problem is None]
        known = next((each for each in history if each.name == name), Installed(name=name))
        kept = [*before, replace(known, tries=0, problem=None)]
        proven = [each for each in kept if each.is_proven][-1:]
        kept = [each for each in kept if each in proven or each in kept[-KEPT:]]
        # First what is added, then the link, last what goes: each of these may be the end.
        self._write([*(each for each in history if each.name != name), kept[-1]])
        self._lead_to(name)
        self._write(kept)
        with contextlib.suppress(InstallError):  # the next install tries again
            self.sweep()

    def go_back(self, name: str | None, *, problem: str) -> None:
        """Lead the link to a version that was current before; under the lock.

        Args:
            name: of its folder; None for the shipped one.
            problem: why the one that is left is given up.

        Raises:
            InstallError: the disk refuses.
        """
        left = self.current
        try:
            if left == _LINK:
                self.link.rename(self._aside())
        except OSError as error:
            raise _refused(self.link, error) from error
        self._lead_to(name)
        self.note(left, is_proven=False, tries=0, problem=problem)

    def note(self, name: str | None, **changes: Any) -> None:  # noqa: ANN401 - fields of Installed
        """Change what is known of a version; nothing if it is none of ours. Under the lock.

        Raises:
            InstallError: the disk refuses.
        """
        history = self.history()
        changed = [replace(each, **changes) if each.name == name else each for each in history]
        if changed != history:
            self._write(changed)

    def _present(self) -> set[str]:
        try:
            return {
                path.name
                for path in self.folder.iterdir()
                if _NAME.fullmatch(path.name) and path.is_dir()
            }
        except OSError:
            return set()

    def _aside(self) -> Path:
        number = 1
        while os.path.lexists(path := self.folder / f"{_LINK}.set-aside-{number}"):
            number += 1
        return path

    def _lead_to(self, name: str | None) -> None:
        new = self.folder / _NEW_LINK
        try:
            if name is None:
                self.link.unlink(missing_ok=True)
            else:
                new.unlink(missing_ok=True)
                new.symlink_to(name)
                own(new, like=self.folder)
                new.replace(self.link)
            sync_folder(self.folder)
        except OSError as error:
            raise _refused(self.link, error) from error

    def _write(self, history: Sequence[Installed]) -> None:
        path = self.folder / _HISTORY
        try:
            write_history(path, history)
            own(path, like=self.folder)
        except OSError as error:
            raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> InstallError:
    reason = error.strerror or str(error)
    if isinstance(error, PermissionError):
        reason += ", sudo may"
    return InstallError(f"{path} cannot be written ({reason}); the former bundle stays in use")
