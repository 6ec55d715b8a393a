"""Documents that users send to others. Knows nothing of Home Assistant."""
