"""How a model comes to be: clips, synthesis, distortions, losses, loop, evaluation, export."""
