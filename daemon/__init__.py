"""What happens at home: sources, outbox, MQTT, settings."""
