"""What tells people about a running desk: a log of lines, metrics, alerts, and a dog that watches the clock."""
