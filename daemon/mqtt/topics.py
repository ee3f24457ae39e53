"""All MQTT topics of aed; no other file spells one.

`aed/<node>/…` with the node's name from the settings. Names and class ids are checked where they
enter (settings, ontology), so that none holds `/`, `+` or `#`.
"""

from dataclasses import dataclass

ONLINE = b"online"
OFFLINE = b"offline"
ON = b"ON"
OFF = b"OFF"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """The topics of one node.

    Attributes:
        node: the node's name, unique on the broker.
    """

    node: str

    @property
    def root(self) -> str:
        """Common beginning of all topics."""
        return f"aed/{self.node}"

    @property
    def status(self) -> str:
        """`online`/`offline` of the daemon; retained, also the last will."""
        return f"{self.root}/status"

    @property
    def hearing(self) -> str:
        """`online` while at least one source is being heard; retained."""
        return f"{self.root}/hearing"

    @property
    def info(self) -> str:
        """Version, model, sources and classes; retained."""
        return f"{self.root}/info"

    @property
    def alert(self) -> str:
        """What deserves a person's attention now; QoS 1, never retained."""
        return f"{self.root}/alert"

    @property
    def alert_late(self) -> str:
        """Alerts too old to sound a siren; QoS 1, never retained."""
        return f"{self.root}/alert/late"

    @property
    def event(self) -> str:
        """Whole life cycle of every event; QoS 1, never retained."""
        return f"{self.root}/event"

    @property
    def health(self) -> str:
        """How the daemon is, each minute and when a problem begins or ends; retained."""
        return f"{self.root}/health"

    @property
    def mute(self) -> str:
        """Whether alerts are silenced, and until when; retained."""
        return f"{self.root}/mute"

    def request(self, name: str) -> str:
        """Where to ask for something; `+` for all of them."""
        return f"{self.root}/request/{name}"

    def response(self, name: str) -> str:
        """Where a request is answered; QoS 1, never retained."""
        return f"{self.root}/response/{name}"

    def discovery(self, prefix: str) -> str:
        """What Home Assistant is told of this node; retained, below its own prefix."""
        return f"{prefix}/device/aed_{self.node}/config"

    def source_status(self, source: str) -> str:
        """`online`, `silent`, `stalled` or `offline` of a source; retained."""
        return f"{self.root}/source/{source}/status"

    def class_state(self, source: str, class_id: str) -> str:
        """`ON`/`OFF` of a class at a source; retained."""
        return f"{self.root}/source/{source}/class/{class_id}/state"

    def states_of_any_source(self) -> tuple[str, ...]:
        """Filters for what is retained about sources and classes, ours or of former settings."""
        return self.source_status("+"), self.class_state("+", "+")

    def neutral(self, topic: str) -> bytes:
        """What to say where `states_of_any_source` finds a source or class that is no more."""
        return OFF if topic.endswith("/state") else OFFLINE

    def class_attributes(self, source: str, class_id: str) -> str:
        """JSON about the event that last changed the state of a class; retained."""
        return f"{self.root}/source/{source}/class/{class_id}/attributes"

    def attributes_of(self, state_topic: str) -> str:
        """Topic of the attributes that belong to a class state."""
        return f"{state_topic.removesuffix('/state')}/attributes"

    def check(self, token: str) -> str:
        """Where `aed check` publishes and listens to itself; never retained."""
        return f"{self.root}/check/{token}"
