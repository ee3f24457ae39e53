"""The files of a bundle on their way into the state directory: room, copies, owners, the disk."""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from aed.errors import BundleError
from daemon.errors import InstallError

RESERVE_BYTES = 16 << 20
"""Free space that an install leaves for the outbox."""

_BLOCK_BYTES = 1 << 20


def check_room(source: Path, target: Path, names: Mapping[str, str]) -> None:
    """Check whether there is room for a copy.

    Args:
        source: folder of the bundle.
        target: a folder on the disk that it is to be on.
        names: its files.

    Raises:
        InstallError: there is none.
        OSError: a file is not there.
    """
    needed_bytes = sum((source / name).stat().st_size for name in names) + RESERVE_BYTES
    free_bytes = shutil.disk_usage(target).free
    if free_bytes < needed_bytes:
        raise InstallError(
            f"there is no room for the bundle in {target}: wanted {needed_bytes / 1e6:.1f} MB, "
            f"free are {free_bytes / 1e6:.1f}; the former bundle stays in use"
        )


def is_same_bundle(folder: Path, hashes: Mapping[str, str]) -> bool:
    """Whether a folder holds these files.

    Args:
        folder: it need not be there.
        hashes: SHA-256 of each file.
    """
    try:
        return all(
            hashlib.sha256((folder / name).read_bytes()).hexdigest() == wanted
            for name, wanted in hashes.items()
        )
    except OSError:
        return False


def copy_bundle(source: Path, target: Path, hashes: Mapping[str, str]) -> None:
    """Copy files, and nothing else, to a new folder; on disk when this returns.

    Args:
        source: where they are.
        target: the folder to make.
        hashes: SHA-256 of each file.

    Raises:
        BundleError: a file is not what it should be.
        OSError: one cannot be read, or the disk refuses.
    """
    target.mkdir(mode=0o700)
    for name, wanted in hashes.items():
        digest = hashlib.sha256()
        with (source / name).open("rb") as file, (target / name).open("xb") as copy:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                copy.write(block)
            copy.flush()
            os.fsync(copy.fileno())
        if digest.hexdigest() != wanted:
            raise BundleError(f"{source / name} has changed while it was copied; install it again")
        (target / name).chmod(0o600)
        own(target / name, like=target.parent)
    own(target, like=target.parent)
    sync_folder(target)


def own(path: Path, *, like: Path) -> None:
    """Give a path to whom its surroundings belong, when root installs for the service."""
    if os.geteuid() == 0:
        owner = like.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
