"""Writing rules: files of a new rule put into a desk, all or none."""
