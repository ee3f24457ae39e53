"""Settings of what may be asked of the running daemon."""

from pydantic import Field, StrictBool

from daemon.settings.part import SettingsPart


class MuteSettings(SettingsPart):
    """What the request `mute` silences."""

    critical: StrictBool = Field(
        default=False, description="true to let a mute silence critical alerts too, or false"
    )


class RequestSettings(SettingsPart):
    """What may be asked for beside questions."""

    set_threshold: StrictBool = Field(
        default=False, description="true to let requests change thresholds, or false"
    )
