"""paho's client, whose network thread does not end unnoticed.

Whatever raises in it, paho itself or a callback (no memory, bytes that nobody thought of), its
thread is gone then, and nobody is told: the socket stays open, and what is published waits.
"""

from collections.abc import Callable

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode


class TellingClient(Client):
    """Tells when its thread ends, and why."""

    on_end: Callable[[str], None] | None = None
    """Called from the thread, as the last thing that it does."""

    def loop_forever(
        self,
        timeout: float = 1.0,
        retry_first_connection: bool = False,
    ) -> MQTTErrorCode:
        """What the thread does."""
        reason = "it closed the connection"
        code = MQTTErrorCode.MQTT_ERR_UNKNOWN
        try:
            code = super().loop_forever(timeout, retry_first_connection)
        except Exception as error:  # noqa: BLE001 - whatever it is, the connection is over
            reason = f"its messages cannot be read any more ({type(error).__name__}: {error})"
        on_end = self.on_end
        if on_end is not None:
            on_end(reason)
        return code
