"""The models: arrays in, masks out. Nothing is imported here, so that the parameters are read without Numba."""
