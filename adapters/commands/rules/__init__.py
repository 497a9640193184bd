"""Write rules and be sure of them: check, explain a finding."""
