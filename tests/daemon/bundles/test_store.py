"""Installed bundles: versions side by side, and whatever happens `current` leads to a whole one."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from aed.errors import BundleError
from daemon.bundles import files as bundle_files
from daemon.bundles.store import KEPT, BundleStore, folder_name
from daemon.errors import InstallError
from tests.daemon.bundles.bundle_files import FakeBundle, go_back, prove


@pytest.fixture
def store(tmp_path: Path) -> BundleStore:
    return BundleStore(tmp_path / "state")


@pytest.fixture
def bundles(tmp_path: Path) -> dict[str, FakeBundle]:
    return {name: FakeBundle(tmp_path / "from", name) for name in "abcdef"}


def names(store: BundleStore) -> list[str]:
    return [each.name.split("@")[0] for each in store.history()]


def folders(store: BundleStore) -> list[str]:
    return sorted(path.name.split("@")[0] for path in store.folder.glob("*@*"))


def test_nothing_is_made_until_something_is_installed(store: BundleStore) -> None:
    assert (store.current, store.history(), store.predecessors()) == (None, [], [])
    assert not store.folder.exists()


def test_an_installed_bundle_is_copied_without_what_is_no_part_of_it(
    store: BundleStore, bundles: dict[str, FakeBundle]
) -> None:
    bundles["a"].install(store)

    assert store.current == bundles["a"].name
    assert store.link.readlink() == Path(bundles["a"].name)
    assert bundles["a"].is_whole_in(store.link)
    assert sorted(path.name for path in store.link.iterdir()) == ["bundle.yaml", "model.onnx"]
    assert (store.link.stat().st_mode & 0o777, store.folder.stat().st_mode & 0o777) == (
        0o700,
        0o700,
    )


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("home", "home@01234567"),
        ("../../etc/passwd", "etc_passwd@01234567"),
        ("My model, 2nd", "My_model_2nd@01234567"),
        ("...", "bundle@01234567"),
        ("x" * 300, "x" * 64 + "@01234567"),
    ],
)
def test_a_name_never_leads_out_of_the_folder(name: str, folder: str) -> None:
    assert folder_name(name, "0123456789abcdef") == folder


def test_the_last_three_are_kept_and_the_latest_proven_one(
    store: BundleStore, bundles: dict[str, FakeBundle]
) -> None:
    bundles["a"].install(store)
    prove(store)
    for name in "bcde":
        bundles[name].install(store)
    assert names(store) == ["a", "c", "d", "e"]
    assert folders(store) == ["a", "c", "d", "e"]

    prove(store)
    bundles["f"].install(store)
    assert names(store) == ["d", "e", "f"]
    assert len(folders(store)) == KEPT


def test_going_back_leads_past_all_to_the_shipped_one(
    store: BundleStore, bundles: dict[str, FakeBundle]
) -> None:
    for name in "ab":
        bundles[name].install(store)

    go_back(store)
    assert (store.current, store.history()[1].problem) == (bundles["a"].name, "tried out")
    go_back(store)
    assert (store.current, names(store)) == (None, ["a", "b"])


def test_what_was_gone_back_from_is_no_predecessor_and_goes_with_the_next_install(
    store: BundleStore, bundles: dict[str, FakeBundle]
) -> None:
    for name in "ab":
        bundles[name].install(store)
    go_back(store)

    bundles["c"].install(store)

    assert (names(store), folders(store)) == (["a", "c"], ["a", "c"])
    assert store.predecessors() == [bundles["a"].name]


def test_a_bundle_can_be_installed_again_after_it_was_given_up(
    store: BundleStore, bundles: dict[str, FakeBundle]
) -> None:
    for name in "ab":
        bundles[name].install(store)
    go_back(store)

    bundles["b"].install(store)

    assert (names(store), store.current) == (["a", "b"], bundles["b"].name)
    found = store.find(store.current)
    assert found is not None
    assert (found.problem, found.tries) == (None, 0)


def test_a_damaged_copy_is_replaced_by_installing_it_again(
    store: BundleStore, bundles: dict[str, FakeBundle]
) -> None:
    bundles["a"].install(store)
    (store.link / "model.onnx").write_text("nonsense")

    bundles["a"].install(store)

    assert bundles["a"].is_whole_in(store.link)
    assert folders(store) == ["a"]


def test_a_file_that_changes_while_it_is_copied_is_refused(
    store: BundleStore, bundles: dict[str, FakeBundle]
) -> None:
    bundles["a"].install(store)
    hashes = bundles["b"].hashes
    (bundles["b"].path / "model.onnx").write_text("changed")

    with store.lock(), pytest.raises(BundleError, match="has changed while it was copied"):
        store.bring_in(bundles["b"].path, bundles["b"].name, hashes)

    assert store.current == bundles["a"].name
    assert sorted(path.name for path in store.folder.iterdir()) == sorted(
        [".lock", bundles["a"].name, "current", "history.json"]
    )


def test_two_installs_at_once_are_refused(
    store: BundleStore, bundles: dict[str, FakeBundle]
) -> None:
    with store.lock(), pytest.raises(InstallError, match="is being changed by another install"):
        bundles["a"].install(BundleStore(store.folder.parent))


def test_a_full_disk_is_said_and_leaves_the_former_bundle(
    store: BundleStore, bundles: dict[str, FakeBundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundles["a"].install(store)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(InstallError, match=r"No space left on device.*former bundle stays"):
            bundles["b"].install(store)
    with monkeypatch.context() as patch:
        patch.setattr(bundle_files, "RESERVE_BYTES", 1 << 60)
        with pytest.raises(InstallError, match=r"no room for the bundle .* MB, free are"):
            bundles["b"].install(store)

    assert store.current == bundles["a"].name
    assert bundles["a"].is_whole_in(store.link)
    assert not list(store.folder.glob(".incoming*"))
    bundles["b"].install(store)
    assert store.current == bundles["b"].name


def test_a_current_that_somebody_made_by_hand_is_set_aside_and_not_lost(
    store: BundleStore, bundles: dict[str, FakeBundle]
) -> None:
    bundles["a"].install(store)
    store.link.unlink()
    shutil.copytree(bundles["b"].path, store.link)
    assert (store.current, store.predecessors()) == ("current", [bundles["a"].name])
    with pytest.raises(InstallError, match="is a folder and no link"):
        bundles["c"].install(store)

    go_back(store)

    assert store.current == bundles["a"].name
    assert bundles["b"].is_whole_in(store.folder / "current.set-aside-1")


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"bundles": 1}', b'{"bundles": [{}]}'])
def test_a_damaged_history_loses_no_bundle(
    store: BundleStore, bundles: dict[str, FakeBundle], content: bytes
) -> None:
    for name in "abc":
        bundles[name].install(store)
    (store.folder / "history.json").write_bytes(content)

    assert sorted(names(store)) == ["a", "b", "c"]
    assert names(store)[-1] == "c"
    bundles["d"].install(store)
    assert store.current == bundles["d"].name
    assert bundles["d"].is_whole_in(store.link)
