"""What the classes are: YAML ontologies, their validation, and label columns."""
