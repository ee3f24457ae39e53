"""What a sound is: front end, network, tree head, bundle, streaming detector, events."""

import os

__version__ = "0.1.0"

# onnxruntime's builds give the machine an id, keep it in the user's home and report to their maker,
# unless they are told not to before they are loaded. Nothing leaves a home but its events.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
