"""The demonstration: a virtual household, and a real Home Assistant that shows its meter."""
