"""Requests about the model, for whoever may use this machine's control socket; never over MQTT.

Whoever reaches the broker must not have files of this machine read, nor change what is heard with.
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, StrictBool

from daemon.bundles.orders import BundleOrders
from daemon.bundles.swap import BundleSwap
from daemon.errors import RequestError
from daemon.requests.data import NoData
from daemon.requests.handler import Data, Request
from daemon.settings.models import Text
from daemon.settings.part import SettingsPart


class InstallBundleData(SettingsPart):
    """Of `install_bundle`."""

    path: Text = Field(description="the absolute path of a bundle's folder")
    accept: StrictBool = Field(
        default=False, description="true to install it whatever speaks against it, or false"
    )


def bundle_requests(orders: BundleOrders, swap: BundleSwap) -> Mapping[str, Request]:
    """Every request about the model by its name.

    Args:
        orders: installs and takes back.
        swap: knows what becomes of it.
    """

    def install(wanted: InstallBundleData, _by: str) -> Data:
        path = Path(wanted.path)
        if not path.is_absolute():
            raise RequestError(f"path: wanted an absolute path, found {wanted.path!r}")
        orders.install(path, accept=wanted.accept)
        return swap.status()

    def roll_back(_: NoData, _by: str) -> Data:
        orders.roll_back()
        return swap.status()

    def status(_: NoData, _by: str) -> Data:
        return swap.status()

    return {
        "install_bundle": Request(model=InstallBundleData, act=install),
        "rollback_bundle": Request(model=NoData, act=roll_back),
        "bundle_status": Request(model=NoData, act=status),
    }
