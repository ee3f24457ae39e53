"""Where sound comes from: child processes, watched."""
