"""What may be granted: terms, reach, measures, conditions, sizes, rulings."""
