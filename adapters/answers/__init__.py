"""What people ask of a log: a record, an order, a silence."""
