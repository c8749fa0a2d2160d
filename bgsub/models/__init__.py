"""The models by name. Nothing is imported here, so that the parameters are read without Numba."""
