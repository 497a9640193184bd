"""How bars come in: files guessed and confirmed, sources asked one after the other, merged whole or not at all."""
