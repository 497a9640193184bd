"""Key pairs: of people who approve limits, and of the log that signs its checkpoints."""
