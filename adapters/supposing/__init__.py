"""What would have been decided: re-decides recorded cycles with other inputs, in a process that can be ended."""
