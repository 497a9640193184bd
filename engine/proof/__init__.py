"""The second derivation: SMT-LIB text, Z3, agreement."""
