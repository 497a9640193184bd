"""Where and how a desk's records are kept."""
