"""`python -m tests.benchmarks`: what aed costs beside YAMNet, measured in one run."""
