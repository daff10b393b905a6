"""A transparency log in the C2SP formats: plain Python, the standard library and `cryptography`, nothing else."""
