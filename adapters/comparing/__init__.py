"""Two runs beside each other: where they differ, and why."""
