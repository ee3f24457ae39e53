"""Another bundle is tried in a process of its own and loaded here in short steps."""

import shutil
import signal
import time
from pathlib import Path

import pytest

import ontology
from aed.bundle import SHIPPED, Bundle
from aed.errors import BundleError
from daemon.bundles.loading import BundleLoading, digest_of
from daemon.bundles.side_job import SideJob
from daemon.clocks import SystemClock
from tests.aed.spoiling import describe, with_key
from tests.daemon.fake_clock import FakeClock
from tests.system.loudness_bundle import write_loudness_bundle

LONGEST_STEP_S = 0.5  # on a machine with other work
"""A microphone's block; of processor time, since this machine may be busy."""


def new_loading(path: Path, known: ontology.Ontology) -> BundleLoading:
    return BundleLoading(path, num_sources=2, known=known, clock=SystemClock())


def load(loading: BundleLoading) -> tuple[Bundle, float]:
    """Take all steps; returns the bundle and how long the longest took."""
    longest_s = 0.0
    deadline_s = time.monotonic() + 60.0
    while time.monotonic() < deadline_s:
        begin_s = time.process_time()
        bundle = loading.step()
        longest_s = max(longest_s, time.process_time() - begin_s)
        if bundle is not None:
            return bundle, longest_s
        time.sleep(0.005)
    raise AssertionError("it has not come to an end")


def refusal(loading: BundleLoading) -> str:
    with pytest.raises(BundleError) as caught:
        load(loading)
    return str(caught.value)


def wait_for_end(job: SideJob) -> None:
    while job.step() is None:
        time.sleep(0.005)


def test_the_shipped_bundle_is_loaded_whole_and_no_step_takes_a_block_of_sound(
    bundle: Bundle,
) -> None:
    loaded, longest_s = load(new_loading(SHIPPED, ontology.home()))

    assert (loaded.digest, loaded.thresholds) == (bundle.digest, bundle.thresholds)
    assert loaded.info["data"] == bundle.info["data"]
    assert loaded.new_self_test().run().problem is None
    assert longest_s < LONGEST_STEP_S


@pytest.mark.torch
def test_another_ontology_is_read_from_the_bundle_and_not_taken_from_the_one_in_use(
    tmp_path: Path, bundle: Bundle
) -> None:
    home = ontology.parse(ontology.home().source.replace("- id: doorbell", "- id: gong"))
    path = write_loudness_bundle(tmp_path / "gong", home=home)

    loaded, longest_s = load(new_loading(path, bundle.ontology))

    assert loaded.ontology.node("gong").name == "Doorbell"
    assert longest_s < LONGEST_STEP_S


def test_what_the_link_leads_to_when_loading_begins_is_what_is_loaded(
    tmp_path: Path, bundle: Bundle
) -> None:
    link = tmp_path / "current"
    link.symlink_to(SHIPPED)
    loading = new_loading(link, bundle.ontology)
    link.unlink()
    link.symlink_to(tmp_path)

    assert load(loading)[0].digest == bundle.digest


def test_a_damaged_bundle_is_refused_by_the_trial(tmp_path: Path, bundle: Bundle) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "home")
    (folder / "model.onnx").write_bytes(b"")

    told = refusal(new_loading(folder, bundle.ontology))

    assert "model.onnx is not the file its maker described" in told


def test_a_bundle_that_changes_after_its_trial_is_refused(tmp_path: Path, bundle: Bundle) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "home")
    loading = new_loading(folder, bundle.ontology)
    while loading.step() is None and loading._steps is None:
        time.sleep(0.005)
    (folder / "model.onnx").write_bytes(b"")
    assert "model.onnx is not the file" in refusal(loading)

    loading = new_loading(folder := shutil.copytree(SHIPPED, tmp_path / "b"), bundle.ontology)
    while not loading._trial or not loading._trial._child._has_exited():
        time.sleep(0.005)
    describe(folder, with_key("name", "other"))
    assert "has changed while it was tried" in refusal(loading)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["daemon.no_such_module"], "the job ended with exit code 1: .*No module named"),
        (["timeit", "-n1", "-r1", "import os; os.kill(os.getpid(), 9)"], "ended with signal 9"),
        (["timeit", "-n1", "-r1", "print('{')"], "the job ended with exit code 0"),
    ],
)
def test_a_job_that_ends_without_a_word_is_told_with_how_it_ended(
    arguments: list[str], told: str
) -> None:
    job = SideJob(arguments, what="the job", limit_s=60.0, clock=SystemClock())

    with pytest.raises(BundleError, match=told):
        wait_for_end(job)


def test_a_job_that_hangs_is_ended() -> None:
    clock = FakeClock()
    words = ["timeit", "-n1", "import time; time.sleep(600)"]
    job = SideJob(words, what="the job", limit_s=10.0, clock=clock)
    assert job.step() is None
    clock.advance(10.1)

    with pytest.raises(BundleError, match="the job takes longer than 10 s"):
        job.step()

    assert job._child.end() == -signal.SIGTERM


def test_a_folder_without_a_description_has_no_digest(tmp_path: Path, bundle: Bundle) -> None:
    assert digest_of(tmp_path) is None
    assert digest_of(SHIPPED) == bundle.digest
