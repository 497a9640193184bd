"""The rule text of the desk and the tools that check it without running a market."""
