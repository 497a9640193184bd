"""Signatures over a log: its checkpoints and keys, and proofs for somebody without it."""
