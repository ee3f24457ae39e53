"""The way to the broker: topics, payloads, connection, publishing."""
