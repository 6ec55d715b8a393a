"""Several meters as one: their readings aligned and summed up. Imports nothing of Home Assistant."""
