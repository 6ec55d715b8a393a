"""What readings mean, alone and over time. Knows nothing of Home Assistant."""
