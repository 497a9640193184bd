"""Look after the store: where it is, its version, backup and restoration."""
