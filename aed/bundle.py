"""A trained model as a folder: loads it, or says why it cannot be used.

What the folder holds is in `docs/architecture.md`; nothing in it is executed or unpickled. Loading
goes from the outside in, so that the first complaint is the most telling one: folder, description
and its format version, hash of every file, ontology, graph, calibration, thresholds, and last a
synthesised clip whose posteriors must come out as they did when the bundle was made.

Axes: S samples, T posterior frames, N ontology nodes.
"""

import logging
import os
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from aed import bundle_description, thresholds
from aed.bundle_description import DESCRIPTION_FILE, ONTOLOGY_FILE
from aed.bundle_files import NOT_INTACT, parse_ontology, read_files
from aed.errors import BundleError, ThresholdsError
from aed.inference import Inference, open_session, widths_of
from aed.self_test import SelfTest, SelfTestClip
from aed.taught.sounds import TaughtSounds
from aed.verifier import VERIFIER_FILE, Judge, Verifier, blank_window, open_verifier
from ontology import LabelSet, Ontology

_logger = logging.getLogger(__name__)

SHIPPED = Path(__file__).parent / "models" / "home"
"""The bundle that comes with the program."""

_DEFAULT_STATE_DIRECTORY = "/var/lib/aed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A model ready to hear.

    Attributes:
        path: its folder.
        name: what its maker called it.
        ontology: what it can tell apart.
        labels: which column of the posteriors is which node.
        session: the network; one thread, no spinning.
        scale: (N,) float32, calibration of each conditional logit.
        bias: (N,) float32, the same.
        untaught: nodes of which, and of whose descendants, the model heard no example. What it
            says of them means nothing, so their posteriors are nought whatever the thresholds.
        thresholds: by node id or `default`: `on`, `off`, `dwell_s`, `hold_s`.
        verifier: gives critical candidates a second look; None if nothing does.
        self_test: what must come out of it as it did for its maker, untaught nodes too.
        info: all of `bundle.yaml`.
        digest: SHA-256 of `bundle.yaml`, and so of every file it lists.
        taught: sounds that the user has taught; None if there are none. Whatever hears with the
            bundle hears them too, but `ontology` and `labels` are the model's alone.
    """

    path: Path
    name: str
    ontology: Ontology
    labels: LabelSet
    session: onnxruntime.InferenceSession
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    untaught: tuple[str, ...]
    thresholds: thresholds.Layer
    verifier: Judge | None
    self_test: SelfTestClip
    info: Mapping[str, Any]
    digest: str
    taught: TaughtSounds | None = None

    def new_stream(self) -> Inference:
        """A stream of its own through the network; nodes it was never taught stay silent."""
        bias = self.bias.copy()
        bias[[self.labels.index[node] for node in self.untaught]] = -np.inf
        return Inference(self.session, self.scale, bias, keeps_embedding=self.keeps_embedding)

    @property
    def keeps_embedding(self) -> bool:
        """Whether somebody needs the embeddings: a second look, or taught sounds."""
        return self.verifier is not None or self.taught is not None

    @property
    def edges_hz(self) -> dict[str, float]:
        """`fmin_hz` and `fmax_hz` of the front end's mel bands."""
        return {key: float(self.info["front_end"][key]) for key in ("fmin_hz", "fmax_hz")}

    @property
    def widths(self) -> dict[str, int]:
        """Last axis of each output of the network, `embedding` and `log_mel` among them."""
        return widths_of(self.session)

    def new_self_test(self) -> SelfTest:
        """A run of the self-test, at its beginning."""
        alone, *together = (Inference(self.session, self.scale, self.bias) for _ in range(3))
        return SelfTest(self.self_test, alone, together, self.labels.nodes)

    @property
    def heard_ontology(self) -> Ontology:
        """What events may name: the model's nodes, and the taught sounds below them."""
        return self.ontology if self.taught is None else self.taught.ontology

    @property
    def is_whole(self) -> bool:
        """Whether it has what gives a second look, or never had."""
        return self.verifier is not None or VERIFIER_FILE not in self.info["files"]

    def without_second_look(self) -> "Bundle":
        """The same model, whose critical candidates are reported without a second look."""
        return replace(self, verifier=None)


def default_bundle_path(state_directory: Path | None = None) -> Path:
    """The installed bundle if there is one, else the shipped one.

    The installed one is `bundles/current` in the state directory. A `current` that leads nowhere
    is still the installed one: better an error that names it than a model nobody chose.

    Args:
        state_directory: None for systemd's ($STATE_DIRECTORY), else /var/lib/aed.
    """
    if state_directory is None:
        given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
        state_directory = Path(given or _DEFAULT_STATE_DIRECTORY)
    current = state_directory / "bundles" / "current"
    return current if os.path.lexists(current) else SHIPPED


def load_bundle(path: Path, *, must_pass: bool = True) -> Bundle:
    """Load a bundle and prove that it works here.

    A critical node that the model was never taught is no error, but the log warns of it.

    Args:
        path: its folder.
        must_pass: refuse it if it fails its self-test; otherwise the log tells of that.

    Raises:
        BundleError: the folder, a file, the format, a hash, the ontology, the graph, a number or
            the self-test is not as it must be; the message says which.
    """
    steps = loading(path, must_pass=must_pass)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            bundle: Bundle = end.value
            return bundle


def loading(
    path: Path,
    *,
    must_pass: bool = True,
    description: tuple[Mapping[str, Any], str] | None = None,
    known: Ontology | None = None,
) -> Generator[None, None, Bundle]:
    """Load a bundle as `load_bundle` does, in steps between which something else can be done.

    Args:
        path: its folder.
        must_pass: see `load_bundle`.
        description: what `read_description` gave for these very files, where YAML is too slow.
        known: an ontology that is taken instead of reading the bundle's, if it is the same.

    Returns:
        The bundle, as the generator's value.

    Raises:
        BundleError: see `load_bundle`.
    """
    info, digest = description or bundle_description.read_description(path)
    yield
    files = read_files(path, info["files"])
    yield
    ontology = parse_ontology(path, files[ONTOLOGY_FILE], info["ontology_digest"], known)
    labels = LabelSet(ontology)
    yield
    session = _open_graph(path, files["model.onnx"], labels)
    yield
    bundle = Bundle(
        path=path,
        name=info["name"],
        ontology=ontology,
        labels=labels,
        session=session,
        scale=bundle_description.calibration_of(path, info, "scale", labels, default=1.0),
        bias=bundle_description.calibration_of(path, info, "bias", labels, default=0.0),
        untaught=bundle_description.untaught_of(path, info, labels),
        thresholds=info["thresholds"],
        verifier=_verifier(path, info, files, session, labels),
        self_test=_self_test_clip(path, files["selftest.npz"], labels),
        info=info,
        digest=digest,
    )
    try:
        thresholds.resolve(bundle.thresholds, ontology)
    except ThresholdsError as error:
        raise BundleError(f"{path / DESCRIPTION_FILE}: {error}") from error
    self_test = bundle.new_self_test()
    while (result := self_test.step()) is None:
        yield
    if result.problem is not None:
        sentence = f"bundle {path}: its self-test fails: {result.problem}; {NOT_INTACT}"
        if must_pass:
            raise BundleError(sentence)
        _logger.error("%s", sentence)
    deaf_to = [node for node in bundle.untaught if ontology.node(node).is_critical]
    if deaf_to:
        _logger.warning(
            "bundle %s will never report %s: its model was never taught it",
            path,
            ", ".join(deaf_to),
        )
    return bundle


def _open_graph(path: Path, model: bytes, labels: LabelSet) -> onnxruntime.InferenceSession:
    where = path / "model.onnx"
    try:
        session = open_session(model)
    except Exception as error:  # onnxruntime's errors have no common base
        raise BundleError(f"{where}: onnxruntime cannot load it: {error}") from error
    inputs = {node.name: node.shape for node in session.get_inputs()}
    outputs = {node.name: node.shape for node in session.get_outputs()}
    states = {name for name in inputs if name.startswith("state_")}
    wanted = {"posteriors", "log_mel", "level_dbfs", *(f"next_{name}" for name in states)}
    missing = sorted(({"audio", "scale", "bias"} - inputs.keys()) | (wanted - outputs.keys()))
    if missing:
        raise BundleError(f"{where}: the graph lacks {', '.join(missing)}; {NOT_INTACT}")
    columns = outputs["posteriors"][-1]
    if columns != len(labels):
        raise BundleError(
            f"bundle {path}: ontology and model do not match: the ontology has {len(labels)} "
            f"nodes, the model {columns} columns; train the model anew for this ontology"
        )
    unfixed = [name for name in sorted(states) if not all(type(n) is int for n in inputs[name][1:])]
    if unfixed:
        raise BundleError(f"{where}: states of unknown shape: {', '.join(unfixed)}")
    return session


def _verifier(
    path: Path,
    info: Mapping[str, Any],
    files: Mapping[str, bytes],
    session: onnxruntime.InferenceSession,
    labels: LabelSet,
) -> Verifier | None:
    if VERIFIER_FILE not in files:
        return None
    entries = info["second_look"]
    for entry in entries:
        if entry["node"] not in labels.index:
            where = path / DESCRIPTION_FILE
            raise BundleError(f"{where}: second_look: the ontology has no node {entry['node']!r}")
    widths = widths_of(session)
    if "embedding" not in widths:
        raise BundleError(f"{path / 'model.onnx'}: no output `embedding` for {VERIFIER_FILE}")
    like = blank_window(widths["embedding"], len(labels), widths["log_mel"])
    return open_verifier(path / VERIFIER_FILE, files[VERIFIER_FILE], entries, like)


def _self_test_clip(path: Path, content: bytes, labels: LabelSet) -> SelfTestClip:
    where = path / "selftest.npz"
    audio, posteriors = bundle_description.read_self_test(where, content, nodes=len(labels))
    return SelfTestClip(audio=audio, posteriors=posteriors)
