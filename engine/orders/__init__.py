"""Orders, warrants, and the portfolio a decision starts from."""
