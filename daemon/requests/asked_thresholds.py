"""Thresholds that were asked for by request: the last layer over bundle, ontology and settings.

They are kept in the state directory and hold until they are taken back, as long as the settings
allow such requests at all. A critical node is never moved far from what its bundle's maker has
measured: not below it, where it would cry wolf, and not more than half of the way from there to 1,
where it would be deaf; where the settings themselves go further up, so may a request. What stands
beside critical nodes is never moved below its own: an event of it that never ends would say of "an
alarm" that it is known already.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from aed.bundle import Bundle
from aed.errors import ThresholdsError
from aed.thresholds import Layer, NodeThresholds, resolve
from daemon.errors import RequestError
from daemon.requests.data import SetThresholdData
from daemon.settings.models import Settings
from daemon.state_file import read_state, write_state
from ontology import Node, OntologyError
from ontology.spelling import advice

_logger = logging.getLogger(__name__)

FILE_NAME = "thresholds.json"
MAX_ENTRIES = 200

_Key = tuple[str, str | None]
"""Node and source; None for all sources."""


class AskedThresholds:
    """Knows what was asked for, and what of it holds with the settings and the bundle in use."""

    def __init__(self, folder: Path, settings: Settings, bundle: Bundle) -> None:
        """Read what former runs were asked for; a file that cannot be read asks for nothing.

        Args:
            folder: the state directory.
            settings: those in use.
            bundle: the one in use.
        """
        self._path = folder / FILE_NAME
        self._entries: dict[_Key, SetThresholdData] = {}
        try:
            for entry in _entries(read_state(self._path)):
                self._entries[entry.node, entry.source] = entry
        except (OSError, ValueError) as error:
            _logger.error("%s cannot be read (%s): thresholds are as set here", self._path, error)  # noqa: TRY400 - no bug
        self.follow(settings, bundle)

    def follow(self, settings: Settings, bundle: Bundle) -> None:
        """Hold what was asked for to other settings and another bundle."""
        self._settings, self._bundle = settings, bundle
        self._own = resolve(bundle.thresholds, bundle.ontology)
        self._ours = self._resolved(settings.threshold_layer())
        # What holds of the entries.
        self._used: dict[_Key, SetThresholdData] = {}
        if self._entries and not settings.requests.set_threshold:
            _logger.warning("thresholds that were asked for are not used: settings forbid them")
            return
        for key, entry in self._entries.items():
            used = {**self._used, key: entry}
            try:
                self._check(entry, used)
            except RequestError as error:
                _logger.warning("a threshold that was asked for is not used: %s", error)
            else:
                self._used = used

    def ask(self, wanted: SetThresholdData, *, by: str) -> None:
        """Set a threshold, or take it back; on disk when this returns.

        Args:
            wanted: which, and to what.
            by: who asks, for the log.

        Raises:
            RequestError: it is not allowed, out of bounds, or the disk refuses to keep it.
        """
        if not self._settings.requests.set_threshold:
            raise RequestError(
                "thresholds are not changed by requests here; whoever may change the settings of "
                "this machine can allow it there (requests: {set_threshold: true})"
            )
        key = (wanted.node, wanted.source)
        entries = {each: entry for each, entry in self._entries.items() if each != key}
        used = {each: entry for each, entry in self._used.items() if each != key}
        if wanted.on is not None:
            entries[key] = used[key] = wanted
            if len(entries) > MAX_ENTRIES:
                raise RequestError(f"wanted at most {MAX_ENTRIES} thresholds set, found more")
        if wanted.on is not None or key not in self._entries or key in self._used:
            self._check(wanted, used)  # what is not in use can be taken back whatever it says
        try:
            write_state(self._path, {"thresholds": [e.model_dump() for e in entries.values()]})
        except OSError as error:
            raise RequestError(
                f"nothing was changed: {self._path} cannot be written ({error.strerror})"
            ) from error
        _logger.warning(
            "threshold of %s at %s, asked for by %s: %s; before: %s",
            wanted.node,
            wanted.source or "all sources",
            by,
            _said(entries.get(key)),
            _said(self._entries.get(key)),
        )
        self._entries, self._used = entries, used

    @property
    def is_empty(self) -> bool:
        """Whether nothing that was asked for holds."""
        return not self._used

    def layer(self, source: str) -> Layer:
        """Thresholds of the settings with those that were asked for at a source laid over them."""
        return self._layer(source, self._used)

    def at(self, source: str, node: str) -> NodeThresholds | None:
        """Thresholds of a node at a source, as they are now; None if there is no such node."""
        return self._resolved(self._layer(source, self._used)).get(node)

    def _check(self, wanted: SetThresholdData, used: Mapping[_Key, SetThresholdData]) -> None:
        """Check what an entry makes of the thresholds.

        Raises:
            RequestError: it names what there is not, or is out of bounds.
        """
        names = [source.name for source in self._settings.sources]
        if wanted.source is not None and wanted.source not in names:
            remedy = advice(wanted.source, names, f"there are {', '.join(names)}")
            raise RequestError(f"source: there is no {wanted.source!r}; {remedy}")
        try:
            node = self._bundle.ontology.node(wanted.node)
            for name in names if wanted.source is None else [wanted.source]:
                result = self._resolved(self._layer(name, used))[wanted.node]
                if wanted.on is not None:
                    self._check_bounds(node, result)
        except (OntologyError, ThresholdsError) as error:
            raise RequestError(str(error)) from error

    def _check_bounds(self, node: Node, result: NodeThresholds) -> None:
        own, ours = self._own[node.id], self._ours[node.id]
        most = max((1 + own.on) / 2, ours.on)
        if any(each.is_critical for each in node.path):
            if not own.on <= result.on <= most or result.off < own.off:
                raise RequestError(
                    f"{node.id} is critical: wanted on from {own.on:g} (the model's own) to "
                    f"{most:g} and off from {own.off:g}, found on {result.on:g} and off "
                    f"{result.off:g}; set it in the settings if you must"
                )
        elif node.is_above_critical and result.on > most:
            raise RequestError(
                f"{node.id} tells of critical sounds that are not sure enough to be named: wanted "
                f"on up to {most:g}, found {result.on:g}; set it in the settings if you must"
            )
        elif any(each.is_above_critical for each in node.ancestors):
            least_on, least_off = min(own.on, ours.on), min(own.off, ours.off)
            if result.on < least_on or result.off < least_off:
                raise RequestError(
                    f"{node.id}, if it is heard all the time, hides what may be critical beside "
                    f"it: wanted on from {least_on:g} and off from {least_off:g}, found on "
                    f"{result.on:g} and off {result.off:g}; set it in the settings if you must"
                )

    def _resolved(self, layer: Layer) -> Mapping[str, NodeThresholds]:
        return resolve(self._bundle.thresholds, self._bundle.ontology, layer)

    def _layer(self, source: str, used: Mapping[_Key, SetThresholdData]) -> Layer:
        layer = self._settings.threshold_layer()
        for where in (None, source):  # what is for this source alone goes over what is for all
            for (node, place), entry in used.items():
                if place == where:
                    asked = entry.model_dump(include={"on", "off"}, exclude_none=True)
                    layer[node] = {**layer.get(node, {}), **asked}
        return layer


def _said(entry: SetThresholdData | None) -> str:
    return (
        "as in the settings" if entry is None else f"on {entry.on}, off {entry.off or 'as it is'}"
    )


def _entries(content: Mapping[str, object]) -> Sequence[SetThresholdData]:
    """Read what was kept.

    Raises:
        ValueError: it makes no sense.
    """
    listed = content.get("thresholds", [])
    if not isinstance(listed, list) or len(listed) > MAX_ENTRIES:
        raise ValueError(f"wanted a list of at most {MAX_ENTRIES} thresholds")
    try:
        entries = [SetThresholdData.model_validate(each) for each in listed]
    except ValidationError as error:
        raise ValueError("wanted thresholds with node, on, off and source") from error
    return [entry for entry in entries if entry.on is not None]
