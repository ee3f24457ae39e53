"""The local page, a process of its own: what is aed hearing, and why did it, or did it not, alert?

The only place with asyncio. It knows the daemon by its control socket alone, imports nothing that
hears, and can do nothing that the daemon's request handler does not allow.
"""
