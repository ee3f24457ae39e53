"""What a sound is: front end, network, tree head, bundle, streaming detector, events."""

__version__ = "0.1.0"
