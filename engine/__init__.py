"""The pure core: values in, a decision out. No clock, no randomness, no network, no database, no environment."""
