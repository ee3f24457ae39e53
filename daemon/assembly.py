"""Joins the parts of the daemon; the one place that knows them all."""

import random
from pathlib import Path

from daemon.bundles.fallback import load_something_fitting
from daemon.bundles.orders import BundleOrders
from daemon.bundles.requests import bundle_requests
from daemon.bundles.store import BundleStore
from daemon.bundles.swap import BundleSwap, give_up_if_spent
from daemon.clips.clips import Clips
from daemon.clocks import Clock, rfc3339
from daemon.discovery.discovery import Discovery
from daemon.ears.former_events import read_former_events
from daemon.ears.making import info_of, new_ear
from daemon.health.health import Health
from daemon.health.heartbeat import Heartbeat
from daemon.health.self_check import SelfCheck, is_restart_spent
from daemon.mqtt.link import MqttLink
from daemon.mqtt.publisher import Publisher
from daemon.mqtt.topics import OFFLINE, Topics
from daemon.notify import Notifier
from daemon.outbox.outbox import FILE_NAME, Outbox
from daemon.reload import Reloader
from daemon.requests.actions import RequestActions
from daemon.requests.control_socket import ControlSocket
from daemon.requests.event_store import EventStore
from daemon.requests.handler import RequestHandler
from daemon.requests.mute import Mute
from daemon.requests.reception import Reception
from daemon.service import Service
from daemon.settings.file import socket_path, state_directory
from daemon.settings.models import Settings
from daemon.sources.floor_file import Floors
from daemon.sources.source import Source
from daemon.state_folder import make_state_folder
from daemon.taught.local_requests import LocalRequests
from daemon.taught.store import TaughtStore
from daemon.viewing.actions import PageActions
from daemon.viewing.host import PageHost
from daemon.viewing.live_feed import LiveFeed
from daemon.viewing.log_tail import LogTail
from daemon.viewing.process import PageProcess
from daemon.wakeup import ReloadRequest, StopRequest, Wakeup


def assemble(
    settings: Settings,
    *,
    where: Path,
    clock: Clock,
    wakeup: Wakeup,
    stop: StopRequest,
    reload: ReloadRequest,
    memory: Outbox,
    is_refused: bool = False,
) -> Service:
    """Make the daemon's parts and join them.

    Args:
        settings: validated settings.
        where: their file.
        clock: the machine's clocks.
        wakeup: wakes the main loop.
        stop: ends it.
        reload: asks it to read the settings again.
        memory: keeps the reports that the disk does not take, over changed settings too.
        is_refused: settings that were read after these could not be used.

    Raises:
        SettingsError: the settings do not fit the bundle, or the state directory cannot be made.
        BundleError: the bundle cannot be used.
        OutboxError: another aed uses the state directory, or a newer one wrote the outbox.
    """
    folder = state_directory(settings)
    store = BundleStore(folder)
    given_up = None if settings.bundle is not None else give_up_if_spent(store)
    # Once a restart has not cured the model, hearing with it is better than not hearing at all.
    bundle, replaced = load_something_fitting(
        settings, where=where, store=store, must_pass=not is_restart_spent(folder)
    )
    topics = Topics(node=settings.node)
    rng = random.SystemRandom()
    make_state_folder(folder)
    taught = TaughtStore(folder)
    bundle = taught.load(bundle)
    outbox = Outbox(folder / FILE_NAME, clock=clock)
    floors = Floors(folder, clock=clock)
    clips = Clips(folder, settings.clips, clock=clock)
    link = MqttLink(
        settings.mqtt,
        client_id=f"aed-{settings.node}",
        will=(topics.status, OFFLINE),
        clock=clock,
        rng=rng,
        wake=wakeup.poke,
        watched=(
            *topics.states_of_any_source(),
            topics.discovery(settings.home_assistant.prefix),
        ),
        heard=(settings.home_assistant.birth_topic,),
        requests=topics.request("+"),
    )
    former = read_former_events(outbox)
    names = [part.name for part in settings.sources]
    started_at = rfc3339(clock.wall_s())
    ears = [
        (
            Source(part, clock=clock, rng=rng, floor=floors.of(part)),
            new_ear(
                part.name,
                settings=settings,
                bundle=bundle,
                clock=clock,
                former=[event for event in former if event.source == part.name],
                clips=clips,
            ),
        )
        for part in settings.sources
    ]
    publisher = Publisher(link=link, outbox=outbox, topics=topics, clock=clock, memory=memory)
    self_check = SelfCheck(bundle, folder=folder, clock=clock)
    orders = BundleOrders(where=where, reload=reload, clock=clock)
    swap = BundleSwap(
        store,
        orders=orders,
        self_check=self_check,
        reload=reload,
        clock=clock,
        problem=given_up or replaced,
    )
    swap.start(bundle)
    mute = Mute(
        folder,
        is_for_critical=settings.mute.critical,
        ontology=bundle.ontology,
        clock=clock,
    )
    events = EventStore(folder, clock=clock)
    actions = RequestActions(
        settings,
        bundle,
        where=where,
        ears=ears,
        folder=folder,
        mute=mute,
        events=events,
        clips=clips,
        self_check=self_check,
        reload=reload,
        clock=clock,
    )
    local = LocalRequests(taught, bundle, ears)
    handler = RequestHandler(actions.requests())
    control_path = socket_path(settings)
    page_process = None
    if settings.web is not None and control_path is not None:
        page_process = PageProcess(
            settings.web, socket=control_path, state=folder, clock=clock, rng=rng
        )
    beats = settings.heartbeat
    server = None
    if settings.metrics is not None:
        # Loaded only where it is asked for: it costs memory.
        from daemon.metrics.server import MetricsServer  # noqa: PLC0415

        server = MetricsServer(settings.metrics, clock=clock)
    reloader = Reloader(
        settings,
        bundle,
        where=where,
        started_at=started_at,
        clock=clock,
        rng=rng,
        floors=floors,
        clips=clips,
        request=reload,
        swap=swap,
        taught=taught,
        is_refused=is_refused,
    )
    health = Health(
        ears=ears,
        self_check=self_check,
        heartbeat=None if beats is None else Heartbeat(beats, clock=clock),
        publisher=publisher,
        link=link,
        topics=topics,
        clock=clock,
        troubles=[
            reloader,
            *(part for part in (clips, swap, taught, server, page_process) if part is not None),
        ],
    )
    page = None
    if page_process is not None:
        feed, log = LiveFeed(ears, clock=clock), LogTail()
        page_actions = PageActions(
            settings,
            bundle,
            where=where,
            ears=ears,
            folder=folder,
            feed=feed,
            health=health,
            mute=mute,
            events=events,
            log=log,
            clock=clock,
        )
        page = PageHost(page_process, actions=page_actions, feed=feed, log=log)
    # Whoever may use the socket may ask more than whoever may write to the broker.
    at_the_socket = RequestHandler(
        {
            **actions.requests(),
            **local.requests(),
            **bundle_requests(orders, swap),
            **({} if page is None else page.requests()),
        }
    )
    metrics = None
    if server is not None:
        from daemon.metrics.metrics import Metrics  # noqa: PLC0415

        metrics = Metrics(
            server, health=health, publisher=publisher, link=link, clips=clips, clock=clock
        )
    return Service(
        ears=ears,
        orphans=[event for event in former if event.source not in names],
        info=info_of(settings, bundle, started_at=started_at).to_json(),
        health=health,
        discovery=Discovery(
            settings,
            bundle,
            folder=folder,
            publisher=publisher,
            link=link,
            clock=clock,
            rng=rng,
        ),
        publisher=publisher,
        link=link,
        topics=topics,
        clock=clock,
        notifier=Notifier(),
        wakeup=wakeup,
        stop=stop,
        floors=floors,
        reloader=reloader,
        clips=clips,
        metrics=metrics,
        reception=Reception(
            actions,
            handler=handler,
            control=ControlSocket(
                control_path,
                answer=lambda line: at_the_socket.answer_line(line, by="the control socket"),
                clock=clock,
                feed=None if page is None else page.feed,
            ),
            page=page,
            mute=mute,
            events=events,
            link=link,
            publisher=publisher,
            topics=topics,
            clock=clock,
            local=local,
        ),
    )
