"""The log for other people's programs: lines, tables, and a folder that a stranger can check."""
