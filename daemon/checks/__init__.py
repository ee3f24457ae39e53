"""What `aed check` looks at beyond the settings: the sources, the network, the broker.

Nothing here disturbs a daemon that runs beside it, and every part ends within a bounded time.
"""
