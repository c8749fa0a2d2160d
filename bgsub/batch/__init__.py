"""Many files: which they are, what is done of them, and the processes that do the rest, here or on a cluster."""
