"""A rulebook's check for people, editors and build machines: what is read, shown and mended."""
