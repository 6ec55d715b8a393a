"""What can go wrong, said in one sentence."""


class DemoError(Exception):
    """Something the user can act on; its text names the cause and the remedy."""
