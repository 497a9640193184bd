"""What can be known: exact values, declared facts, and the two inference sessions (CLIPS, Prolog)."""
