"""The joint model in torch: front end, representation network, tree head.

Only training imports it; `aed run` hears through the exported graph.
"""
