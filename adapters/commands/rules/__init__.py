"""Write rules and be sure of them: new, check, explain, test, coverage, mutate, show, repl, why-not."""
