"""Compiled code only, one file a model, and one for shadows: no checks, no files, no allocation.

Callers and callees of a model stay in its one file, because Numba's cache watches only the file of the function that
it caches; what they share are the intrinsics of ``lanes.py``.
"""
