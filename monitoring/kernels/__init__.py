"""Statistical kernels compiled by numba: arrays in, floats out, one method a file with its reference."""
