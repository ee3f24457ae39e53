"""Makes what hears the sources: the bundle that settings ask for, and an ear for each source."""

from collections.abc import Sequence
from pathlib import Path

from aed import __version__
from aed.bundle import SHIPPED, Bundle, default_bundle_path, load_bundle
from aed.errors import BundleError
from aed.hearing import Hearing
from daemon.clips.clips import Clips
from daemon.clocks import Clock, StreamClock
from daemon.ears.announcer import Announcer
from daemon.ears.ear import Ear
from daemon.ears.former_events import FormerEvent
from daemon.mqtt.payloads import InfoPayload
from daemon.mqtt.topics import Topics
from daemon.settings.file import state_directory
from daemon.settings.models import Settings
from daemon.settings.nodes import class_nodes, fit_to_ontology


def load_fitting_bundle(settings: Settings, *, where: Path, must_pass: bool = True) -> Bundle:
    """Load the bundle that settings ask for, and check that they fit together.

    Args:
        settings: validated settings.
        where: their file.
        must_pass: refuse a bundle that fails its self-test.

    Raises:
        SettingsError: the settings do not fit the bundle.
        BundleError: the bundle cannot be used.
    """
    path = bundle_path(settings)
    try:
        bundle = load_bundle(path, must_pass=must_pass)
    except BundleError as error:
        if settings.bundle is None and path != SHIPPED:
            raise BundleError(
                f"{error}; or go back to the bundle before it: aed bundle rollback --config {where}"
            ) from error
        raise
    return fitted(bundle, settings, where=where)


def fitted(bundle: Bundle, settings: Settings, *, where: Path) -> Bundle:
    """The bundle as settings want it, once it is sure that they fit together.

    Args:
        bundle: as it was loaded.
        settings: validated settings.
        where: their file.

    Raises:
        SettingsError: the settings do not fit the bundle.
    """
    fit_to_ontology(settings, where=where, bundle=bundle.thresholds, ontology=bundle.ontology)
    if settings.second_look or bundle.verifier is None:
        return bundle
    return bundle.without_second_look()


def bundle_path(settings: Settings) -> Path:
    """Folder of the bundle that settings ask for: theirs, the installed one, the shipped one."""
    return settings.bundle or default_bundle_path(state_directory(settings))


def model_name(bundle: Bundle) -> str:
    """What events and `info` call a model."""
    return f"{bundle.name}@{bundle.digest[:8]}"


def info_of(settings: Settings, bundle: Bundle, *, started_at: str) -> InfoPayload:
    """Say what runs here.

    Args:
        settings: validated settings.
        bundle: the bundle that is used.
        started_at: when the daemon started, RFC 3339 in UTC.
    """
    return InfoPayload(
        version=__version__,
        node=settings.node,
        model=model_name(bundle),
        ontology=bundle.ontology.name,
        ontology_digest=bundle.ontology.digest,
        sources=tuple(source.name for source in settings.sources),
        classes=class_nodes(settings, bundle),
        reportable=tuple(node.id for node in bundle.heard_ontology.nodes if node.alert is not None),
        started_at=started_at,
    )


def new_ear(
    source: str,
    *,
    settings: Settings,
    bundle: Bundle,
    clock: Clock,
    former: Sequence[FormerEvent],
    clips: Clips,
) -> Ear:
    """Make what hears one source.

    Args:
        source: its name.
        settings: validated settings that fit the bundle.
        bundle: what to hear with.
        clock: the machine's clocks.
        former: events that were left open at the source.
        clips: records what deserves it, if anything.
    """
    stream_clock = StreamClock(clock)
    hearing = Hearing(bundle, settings.threshold_layer())
    recorder = clips.recorder(hearing.labels)
    return Ear(
        hearing=hearing,
        announcer=Announcer(
            source=source,
            classes=class_nodes(settings, bundle),
            model=model_name(bundle),
            topics=Topics(node=settings.node),
            clock=clock,
            stream_clock=stream_clock,
            former=former,
            recorder=recorder,
        ),
        stream_clock=stream_clock,
        clock=clock,
        recorder=recorder,
    )
