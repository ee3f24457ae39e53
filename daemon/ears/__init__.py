"""From sound to what there is to say about it."""
