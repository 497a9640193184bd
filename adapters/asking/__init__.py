"""Questions about all markets: of a named snapshot, in a process that is killed in time."""
