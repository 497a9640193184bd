"""Two programs that every CLIPS user knows, written anew from their published descriptions."""
