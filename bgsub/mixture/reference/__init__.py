"""The models' rules in plain, readable Python: the witnesses of the fast kernels."""
