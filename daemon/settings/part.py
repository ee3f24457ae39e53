"""What every part of the settings has in common."""

from pydantic import BaseModel, ConfigDict


class SettingsPart(BaseModel):
    """Immutable, and strict about keys; its errors repeat nothing that was given."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True
    )
