"""Fuzzing of the port: any bytes in any pieces."""
