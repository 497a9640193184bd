"""Write rules and be sure of them: check, explain, test, coverage, mutate, show."""
