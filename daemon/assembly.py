"""Joins the parts of the daemon; the one place that knows them all."""

import random
from pathlib import Path

from aed import __version__
from aed.bundle import Bundle, default_bundle_path, load_bundle
from aed.hearing import Hearing
from daemon.announcer import Announcer
from daemon.clocks import Clock, StreamClock, rfc3339
from daemon.ear import Ear
from daemon.former_events import read_former_events
from daemon.mqtt import MqttLink
from daemon.notify import Notifier
from daemon.outbox import FILE_NAME, Outbox
from daemon.payloads import InfoPayload
from daemon.publisher import Publisher
from daemon.service import Service
from daemon.settings import Settings
from daemon.settings_file import state_directory
from daemon.settings_nodes import class_nodes, fit_to_ontology
from daemon.sources import Source
from daemon.state_folder import make_state_folder
from daemon.topics import OFFLINE, Topics
from daemon.wakeup import StopRequest, Wakeup


def assemble(
    settings: Settings, *, where: Path, clock: Clock, wakeup: Wakeup, stop: StopRequest
) -> Service:
    """Make the daemon's parts and join them.

    Args:
        settings: validated settings.
        where: their file.
        clock: the machine's clocks.
        wakeup: wakes the main loop.
        stop: ends it.

    Raises:
        SettingsError: the settings do not fit the bundle, or the state directory cannot be made.
        BundleError: the bundle cannot be used.
        OutboxError: another aed uses the state directory, or a newer one wrote the outbox.
    """
    bundle = load_fitting_bundle(settings, where=where)
    topics = Topics(node=settings.node)
    rng = random.SystemRandom()
    folder = state_directory(settings)
    make_state_folder(folder)
    outbox = Outbox(folder / FILE_NAME, clock=clock)
    link = MqttLink(
        settings.mqtt,
        client_id=f"aed-{settings.node}",
        will=(topics.status, OFFLINE),
        clock=clock,
        rng=rng,
        wake=wakeup.poke,
        watched=topics.states_of_any_source(),
    )
    classes = class_nodes(settings, bundle.ontology)
    former = read_former_events(outbox)
    names = [part.name for part in settings.sources]

    def ear(source: str) -> Ear:
        stream_clock = StreamClock(clock)
        return Ear(
            hearing=Hearing(bundle, settings.threshold_layer()),
            announcer=Announcer(
                source=source,
                classes=classes,
                model=_model_name(bundle),
                topics=topics,
                clock=clock,
                stream_clock=stream_clock,
                former=[event for event in former if event.source == source],
            ),
            stream_clock=stream_clock,
        )

    return Service(
        ears=[(Source(part, clock=clock, rng=rng), ear(part.name)) for part in settings.sources],
        orphans=[event for event in former if event.source not in names],
        info=_info(settings, bundle, classes, clock).to_json(),
        publisher=Publisher(link=link, outbox=outbox, topics=topics, clock=clock),
        link=link,
        topics=topics,
        clock=clock,
        notifier=Notifier(),
        wakeup=wakeup,
        stop=stop,
    )


def load_fitting_bundle(settings: Settings, *, where: Path) -> Bundle:
    """Load the bundle that settings ask for, and check that they fit together.

    Args:
        settings: validated settings.
        where: their file.

    Raises:
        SettingsError: the settings do not fit the bundle.
        BundleError: the bundle cannot be used.
    """
    bundle = load_bundle(bundle_path(settings))
    if not settings.second_look:
        bundle = bundle.without_second_look()
    fit_to_ontology(settings, where=where, bundle=bundle.thresholds, ontology=bundle.ontology)
    return bundle


def bundle_path(settings: Settings) -> Path:
    """Folder of the bundle that settings ask for: theirs, the installed one, the shipped one."""
    return settings.bundle or default_bundle_path(state_directory(settings))


def _model_name(bundle: Bundle) -> str:
    return f"{bundle.name}@{bundle.digest[:8]}"


def _info(
    settings: Settings, bundle: Bundle, classes: tuple[str, ...], clock: Clock
) -> InfoPayload:
    return InfoPayload(
        version=__version__,
        node=settings.node,
        model=_model_name(bundle),
        ontology=bundle.ontology.name,
        ontology_digest=bundle.ontology.digest,
        sources=tuple(source.name for source in settings.sources),
        classes=classes,
        reportable=tuple(node.id for node in bundle.ontology.nodes if node.alert is not None),
        started_at=rfc3339(clock.wall_s()),
    )
