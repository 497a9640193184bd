"""What is told, and how it is written down."""
