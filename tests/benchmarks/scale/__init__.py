"""What the number of nodes costs: memory, a step of training, a call of the network."""
