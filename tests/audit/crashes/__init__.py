"""Whatever is killed, and when: what was acknowledged is in the tree, once."""
