"""Video as it happens: a thread that reads, one that runs the model, and what looks at them."""
