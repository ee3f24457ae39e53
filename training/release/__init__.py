"""From trained weights to a bundle: evaluate, calibrate, choose thresholds, export, describe."""
