"""Whether a log is what it says: bytes, sequence, checkpoints, arithmetic, replay."""
