"""A decision looked at again: corner by corner, from its record, by deciding anew."""
