"""A bundle that cannot be trusted is refused, and the message says why."""

import hashlib
import io
import shutil
from pathlib import Path

import numpy as np
import pytest

import ontology
from aed import bundle as bundles
from aed.bundle import Bundle, default_bundle_path, load_bundle
from aed.errors import BundleError
from aed.self_test import SELF_TEST_TOLERANCE
from tests.aed.spoiling import Edit, describe, refused, replace_file, with_key


@pytest.fixture
def folder(bundle: Bundle, tmp_path: Path) -> Path:
    """A copy of the shipped bundle to be spoilt."""
    return Path(shutil.copytree(bundle.path, tmp_path / "home"))


def test_the_shipped_bundle_loads_and_knows_the_home(bundle: Bundle) -> None:
    assert {"smoke_alarm", "co_alarm", "window_glass"} <= set(bundle.labels.nodes)
    assert bundle.scale.shape == bundle.bias.shape == (len(bundle.labels),)
    assert bundle.digest == hashlib.sha256((bundle.path / "bundle.yaml").read_bytes()).hexdigest()


def test_the_session_keeps_to_one_thread_and_does_not_spin(bundle: Bundle) -> None:
    options = bundle.session.get_session_options()

    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert "there is no such folder" in refused(tmp_path / "nowhere")


def test_a_folder_without_a_description_is_no_bundle(tmp_path: Path) -> None:
    assert "bundle.yaml cannot be read (No such file or directory)" in refused(tmp_path)


@pytest.mark.parametrize(
    "name", ["model.onnx", "weights.safetensors", "ontology.yaml", "selftest.npz"]
)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()

    assert f"its file {name} cannot be read" in refused(folder)


@pytest.mark.parametrize("name", ["model.onnx", "bundle.yaml"])
def test_a_disk_that_fails_to_read_may_be_tried_again_and_a_missing_file_may_not(
    folder: Path, name: str
) -> None:
    (folder / name).unlink()
    with pytest.raises(BundleError) as missing:
        load_bundle(folder)
    (folder / name).symlink_to("/proc/self/mem")  # cannot be read from its beginning: EIO
    with pytest.raises(BundleError, match=f"{name} cannot be read") as failing:
        load_bundle(folder)

    assert (missing.value.exit_code, failing.value.exit_code) == (78, 1)


@pytest.mark.parametrize(
    "name", ["model.onnx", "weights.safetensors", "ontology.yaml", "selftest.npz"]
)
@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
def test_one_changed_byte_is_found(folder: Path, name: str, place: float) -> None:
    content = bytearray((folder / name).read_bytes())
    content[round(place * (len(content) - 1))] ^= 1
    (folder / name).write_bytes(content)

    message = refused(folder)

    assert f"{name} is not the file its maker described" in message
    assert "copy the whole folder again" in message


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("name", 5, "name: wanted text"),
        ("ontology_digest", None, "ontology_digest: wanted text"),
        ("files", [], "files: wanted keys and values"),
        ("files", {"../model.onnx": "0" * 64}, "not the plain name of a file"),
        ("files", {"model.onnx": "abc"}, "wanted a SHA-256 in hex"),
        ("files", {}, "does not list model.onnx"),
        ("front_end", {"sample_rate_hz": 8000}, "this program hears at 16000, the model at 8000"),
        ("calibration", {"slope": {}}, "wanted `scale` and `bias`"),
        ("calibration", {"scale": {"smoke_alarm": "x"}}, "smoke_alarm: wanted a number, got 'x'"),
        ("calibration", {"scale": {"smoke_alarm": -1.0}}, "a scale above 0"),
        ("calibration", {"bias": {"smoke_alarm": float("nan")}}, "wanted a finite number"),
        ("calibration", {"bias": {"smok_alarm": 1.0}}, "has no such node"),
        ("quality", [], "quality: wanted keys and values"),
        ("quality", {"untaught": "dog"}, "quality.untaught: wanted a list of node ids, got 'dog'"),
        ("quality", {"untaught": ["dgo"]}, "quality.untaught: the ontology has no node 'dgo'"),
        ("thresholds", {"default": 0.5}, "thresholds.default: wanted"),
        ("thresholds", {"default": {"on": 1.5}}, "on must lie"),
        ("thresholds", {"smoke_alrm": {"on": 0.5}}, "did you mean 'smoke_alarm'"),
    ],
)
def test_a_wrong_entry_is_named(folder: Path, key: str, value: object, message: str) -> None:
    describe(folder, with_key(key, value))

    assert message in refused(folder)


def test_an_ontology_with_other_columns_than_the_model_is_refused(folder: Path) -> None:
    text = (folder / "ontology.yaml").read_text(encoding="utf-8")
    text += "  - id: one_more\n    name: One more\n"
    (folder / "ontology.yaml").write_text(text, encoding="utf-8")
    replace_file(folder, "ontology.yaml", text.encode())

    assert "not the ontology this model was trained for" in refused(folder)

    digest = ontology.parse(text).digest
    describe(folder, with_key("ontology_digest", digest))
    assert "ontology and model do not match" in refused(folder)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"version: 1\nnodes: {}\n", b""])
def test_a_broken_ontology_is_refused(folder: Path, content: bytes) -> None:
    replace_file(folder, "ontology.yaml", content)

    assert "its ontology is not valid" in refused(folder)


def test_a_graph_that_onnxruntime_cannot_read_is_refused(folder: Path) -> None:
    replace_file(folder, "model.onnx", b"not a graph")

    assert "onnxruntime cannot load it" in refused(folder)


def self_test(audio: object, posteriors: object) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, audio=np.asarray(audio), posteriors=np.asarray(posteriors))
    return buffer.getvalue()


def test_a_self_test_that_comes_out_differently_is_refused(folder: Path) -> None:
    with np.load(folder / "selftest.npz") as arrays:
        audio, posteriors = arrays["audio"], arrays["posteriors"].copy()
    posteriors[3, 2] += 0.01
    replace_file(folder, "selftest.npz", self_test(audio, posteriors))

    message = refused(folder)

    assert "its self-test fails: at 0.4 s the posterior of" in message


def test_a_bundle_that_need_not_pass_is_loaded_and_the_log_tells_of_it(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    describe(folder, with_key("calibration", {"bias": {"alarm": 3.0}}))

    assert load_bundle(folder, must_pass=False).path == folder
    assert "its self-test fails" in caplog.text


@pytest.mark.parametrize(
    "content",
    [
        b"not an archive",
        self_test(np.zeros(1600, np.float32), np.zeros((2, 3))),
        self_test(np.zeros(0, np.float32), np.zeros((0, 3))),
        self_test(np.array([None]), np.zeros((1, 3))),
    ],
    ids=["no archive", "wrong shapes", "empty", "pickled"],
)
def test_a_self_test_of_another_shape_is_refused(folder: Path, content: bytes) -> None:
    replace_file(folder, "selftest.npz", content)

    assert "selftest.npz: wanted" in refused(folder)


def test_an_uncalibrated_number_changes_the_posteriors_and_so_fails_the_self_test(
    folder: Path,
) -> None:
    describe(folder, with_key("calibration", {"bias": {"alarm": 3.0}}))

    assert "its self-test fails" in refused(folder)


def test_files_that_the_description_does_not_list_do_not_matter(folder: Path) -> None:
    (folder / "README.md").write_text("about this model", encoding="utf-8")

    assert load_bundle(folder).path == folder


def untaught(*nodes: str) -> Edit:
    return lambda info: info.update({"quality": {"untaught": list(nodes)}})


def test_a_model_never_reports_what_it_was_never_taught(folder: Path) -> None:
    describe(folder, untaught("dog", "breakage", "window_glass", "crockery"))
    silent = load_bundle(folder)

    assert silent.untaught == ("breakage", "window_glass", "crockery", "dog")

    with np.load(folder / "selftest.npz") as arrays:
        audio, expected = arrays["audio"][:16_000], arrays["posteriors"][:10]
    found = silent.new_stream().run(audio).values

    columns = [silent.labels.column(node) for node in silent.untaught]
    assert found[:, columns].max() < 1e-6
    others = [silent.labels.column(node) for node in ("alarm", "smoke_alarm", "pet", "cat")]
    assert np.abs(found[:, others] - expected[:, others]).max() <= SELF_TEST_TOLERANCE


def test_an_example_of_a_child_teaches_its_parents(folder: Path) -> None:
    describe(folder, untaught("life_safety", "fire_bell"))

    assert load_bundle(folder).untaught == ("fire_bell",)


def test_a_critical_node_never_falls_silent_unnoticed(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    describe(folder, untaught("dog"))
    load_bundle(folder)
    assert caplog.messages == []

    describe(folder, untaught("dog", "window_glass"))
    load_bundle(folder)

    assert caplog.messages == [
        f"bundle {folder} will never report window_glass: its model was never taught it"
    ]


def test_a_bundle_that_says_nothing_of_its_quality_was_taught_everything(folder: Path) -> None:
    describe(folder, lambda info: info.pop("quality"))

    assert load_bundle(folder).untaught == ()


def test_the_installed_bundle_goes_before_the_shipped_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path}:/elsewhere")
    assert default_bundle_path() == bundles.SHIPPED

    (tmp_path / "bundles").mkdir()
    (tmp_path / "bundles" / "current").symlink_to("home-2")

    assert default_bundle_path() == tmp_path / "bundles" / "current"
    assert "there is no such folder" in refused(default_bundle_path())
    assert default_bundle_path(tmp_path / "other") == bundles.SHIPPED


def test_a_state_directory_that_is_given_goes_before_that_of_systemd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/elsewhere")
    (tmp_path / "bundles" / "current").mkdir(parents=True)

    assert default_bundle_path(tmp_path) == tmp_path / "bundles" / "current"
