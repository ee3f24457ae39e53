"""A reception with real parts behind it, for tests to ask."""

import json
from pathlib import Path
from typing import Any

from aed.bundle import Bundle
from daemon.clips.clips import Clips
from daemon.health.self_check import SelfCheck
from daemon.mqtt.publisher import Publisher
from daemon.outbox.outbox import Outbox
from daemon.requests.actions import RequestActions
from daemon.requests.control_socket import ControlSocket
from daemon.requests.event_store import EventStore
from daemon.requests.handler import RequestHandler
from daemon.requests.inbox import MqttRequest, RequestInbox
from daemon.requests.mute import Mute
from daemon.requests.reception import Reception
from daemon.settings.clips import ClipSettings
from daemon.wakeup import ReloadRequest, Wakeup
from tests.daemon.fake_clock import FakeClock
from tests.daemon.fake_link import TOPICS, FakeLink
from tests.daemon.requests.test_asked_thresholds import settings_of


class RequestingLink(FakeLink):
    """A broker that brings requests too."""

    def __init__(self) -> None:
        super().__init__()
        self.inbox = RequestInbox()

    @property
    def num_requests_dropped(self) -> int:
        return self.inbox.num_dropped

    def take_request(self) -> MqttRequest | None:
        return self.inbox.take()


class Home:
    """A reception with real parts behind it, and no sources."""

    def __init__(self, folder: Path, bundle: Bundle) -> None:
        self.clock = FakeClock()
        self.link = RequestingLink()
        self.where = folder / "settings.yaml"
        self.outbox = Outbox(folder / "outbox.sqlite", clock=self.clock)
        self.publisher = Publisher(
            link=self.link, outbox=self.outbox, topics=TOPICS, clock=self.clock
        )
        self.mute = Mute(folder, is_for_critical=False, ontology=bundle.ontology, clock=self.clock)
        self.wakeup = Wakeup()
        self.reload = ReloadRequest(self.wakeup)
        self.events = EventStore(folder, clock=self.clock)
        self.clips = Clips(folder, ClipSettings(), clock=self.clock)
        actions = RequestActions(
            settings_of(),
            bundle,
            where=self.where,
            ears=[],
            folder=folder,
            mute=self.mute,
            events=self.events,
            clips=self.clips,
            self_check=SelfCheck(bundle, folder=folder, clock=self.clock),
            reload=self.reload,
            clock=self.clock,
        )
        self.handler = handler = RequestHandler(actions.requests())
        self.reception = Reception(
            actions,
            handler=handler,
            control=ControlSocket(None, answer=lambda _: b"", clock=self.clock),
            mute=self.mute,
            events=self.events,
            link=self.link,
            publisher=self.publisher,
            topics=TOPICS,
            clock=self.clock,
        )
        self.link.connect()
        self.publisher.pump()

    def close(self) -> None:
        self.reception.close()
        self.reception.forget()
        self.publisher.close()
        self.wakeup.close()

    def put(self, name: str, data: object = None, *, is_retained: bool = False) -> None:
        text = b"" if data is None else json.dumps(data).encode()
        self.link.inbox.put(TOPICS.request(name), text, is_retained=is_retained)

    def turn(self) -> None:
        self.reception.tick()
        self.publisher.pump()
        self.link.acknowledge_all()

    def ask(self, name: str, data: object = None) -> dict[str, Any]:
        before = len(self.link.reports())
        self.put(name, data)
        self.turn()
        ((topic, response),) = self.link.reports()[before:]
        assert topic == TOPICS.response(name)
        return response
