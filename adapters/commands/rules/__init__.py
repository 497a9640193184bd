"""Write rules and be sure of them: check, test, coverage, mutate."""
