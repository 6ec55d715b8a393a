"""What a function made of bytes, kept for the next time."""

from collections.abc import Callable


class Memo[T](dict[bytes, T]):
    """The results of a function by its argument: `memo[argument]` works out those that are new.

    An `lru_cache` wraps keys that are bytes, which takes longer than to find them; here all is forgotten when there are
    too many. Long arguments are worked out each time, as anybody may send them.
    """

    def __init__(self, work: Callable[[bytes], T], *, most: int, longest: int) -> None:
        """Start empty."""
        super().__init__()
        self._work = work
        self._most = most
        self._longest = longest

    def __missing__(self, argument: bytes) -> T:
        """Work out what is new."""
        result = self._work(argument)
        if len(argument) <= self._longest:
            if len(self) >= self._most:
                self.clear()
            self[argument] = result
        return result
