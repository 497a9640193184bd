"""Post-trade surveillance: patterns over what a log says happened to orders. Pure: no clock, exact numbers."""
