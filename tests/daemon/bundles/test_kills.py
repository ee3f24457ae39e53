"""Whatever is killed wherever, `current` leads to a whole bundle; the next install tidies up."""

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.bundles.store import BundleStore
from tests.daemon.bundles.bundle_files import FakeBundle, go_back, prove


class Killed(BaseException):
    """The process is no more."""


@pytest.fixture(scope="module")
def mortal() -> Iterator[Callable[[int | None], None]]:
    """Lets the process die before the change of the disk of that number; None lets it live.

    Whatever it would do afterwards, such as tidying up, does not happen either.
    """
    countdown: list[int | None] = [None]

    def guarded(act: Callable[..., Any]) -> Callable[..., Any]:
        def guard(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever it takes
            if countdown[0] is not None:
                if countdown[0] <= 0:
                    raise Killed
                countdown[0] -= 1
            return act(*arguments, **options)

        return guard

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in (
            (Path, "rename"),
            (Path, "replace"),
            (Path, "unlink"),
            (Path, "symlink_to"),
            (Path, "mkdir"),
            (Path, "chmod"),
            (os, "unlink"),
            (os, "rmdir"),
        ):
            patch.setattr(owner, name, guarded(getattr(owner, name)))

        patch.setattr(os, "fsync", guarded(lambda _descriptor: None))  # no power is cut here

        def set_life(changes: int | None) -> None:
            countdown[0] = changes

        yield set_life


@pytest.mark.parametrize("what", ["new", "again", "back", "back to the shipped one"])
def test_a_kill_at_any_moment_leaves_the_former_bundle_or_the_new_one(
    tmp_path: Path, mortal: Callable[[int | None], None], what: str
) -> None:
    bundles = {name: FakeBundle(tmp_path / "from", name) for name in "abcdef"}
    for life in itertools.count():
        store = BundleStore(tmp_path / f"state{life}")
        for name in "a" if what == "back to the shipped one" else "abcd":
            bundles[name].install(store)
        before = store.current
        mortal(life)
        try:
            if what.startswith("back"):
                go_back(store)
            else:
                bundles["e" if what == "new" else "b"].install(store)
        except Killed:
            is_dead = True
        else:
            is_dead = False
        finally:
            mortal(None)
        after = {"new": bundles["e"].name, "again": bundles["b"].name, "back": bundles["c"].name}
        assert store.current in ({before, after.get(what)} if is_dead else {after.get(what)})
        by_folder = {bundle.name: bundle for bundle in bundles.values()}
        for name in filter(None, [store.current, *store.predecessors()]):
            assert by_folder[name].is_whole_in(store.folder / name)
        if not is_dead:
            break
    assert life > 2


Step = tuple[str, int | None]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c", "d", "e", "back", "prove"]),
            st.none() | st.integers(min_value=0, max_value=25),
        ),
        max_size=8,
    )
)
def test_whatever_is_killed_wherever_the_current_bundle_is_whole(
    mortal: Callable[[int | None], None], steps: list[Step]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bundles = {name: FakeBundle(Path(folder) / "from", name) for name in "abcde"}
        by_folder = {bundle.name: bundle for bundle in bundles.values()}
        store = BundleStore(Path(folder) / "state")
        for (what, life), number in zip(steps, itertools.count()):
            before = store.current
            wanted = {before, bundles[what].name} if what in bundles else None
            mortal(life)
            try:
                if what == "back":
                    go_back(store)
                elif what == "prove":
                    prove(store)
                else:
                    bundles[what].install(store)
            except Killed:
                pass
            else:
                if what in bundles:
                    assert store.current == bundles[what].name, number
            finally:
                mortal(None)
            assert wanted is None or store.current in wanted
            if store.current is not None:
                assert by_folder[store.current].is_whole_in(store.link)
            for name in store.predecessors():
                assert by_folder[name].is_whole_in(store.folder / name)

        bundles["a"].install(store)

        assert by_folder[str(store.current)] is bundles["a"]
        left = {path.name for path in store.folder.iterdir()}
        assert left == {".lock", "current", "history.json", *(e.name for e in store.history())}
