"""Errors for the user, in one sentence."""


class HarnessError(Exception):
    """Something the user can act on; its text names the cause and the remedy."""
