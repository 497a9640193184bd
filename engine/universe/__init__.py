"""Questions about all markets at once: what limits say of every portfolio, before anyone holds one."""
