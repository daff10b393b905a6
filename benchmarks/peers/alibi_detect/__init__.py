"""alibi-detect with PyTorch (Business Source License 1.1: not for production; measured here, never used)."""
