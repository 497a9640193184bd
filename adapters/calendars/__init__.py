"""When exchanges are open: sessions, half days, special ones, and the bars they are cut into."""
