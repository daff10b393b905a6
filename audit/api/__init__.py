"""The log as others read it: events and proofs for those who may, tiles and checkpoints for everybody."""
