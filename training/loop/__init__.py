"""The training loop: a run of one YAML file, its steps, checkpoints, log and curves."""
