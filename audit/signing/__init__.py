"""What gives events their place and signs: the sequencer, and the keys that it uses."""
