"""The joint model in torch: front end, representation network, tree head. Never imported by `aed run`."""
