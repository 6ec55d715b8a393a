"""What the insights are worth over a simulated year."""
