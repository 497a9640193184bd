"""The paper broker: a venue that fills warranted orders by daily bars."""
