"""Ask limits about all markets: contradictions, what a change lets through, the promises as theorems."""
