"""Report what happened, as one HTML file or a PDF: a day, a decision, an order, models, limits, controls."""
