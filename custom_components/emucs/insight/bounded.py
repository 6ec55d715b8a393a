"""Tables of what the port prints, which may be something new in each telegram."""

from collections.abc import Collection, Mapping


class Recent[T](dict[str, T]):
    """What was seen last, by name: a bounded number of entries, of which the longest unseen makes room for a new one.

    What the latest telegram shows makes room for nothing, so that no flood of others drives it out.
    """

    def __init__(self, most: int, entries: Mapping[str, T] | None = None) -> None:
        """Start with entries, the longest unseen first; `most` is how many there may be."""
        super().__init__(list((entries or {}).items())[-most:])
        self._most = most
        self._shown: Collection[str] = ()

    def note(self, names: Collection[str]) -> None:
        """Take what a telegram shows; to call it when that changes is enough."""
        self._shown = names
        for name in names:
            if name in self:
                self[name] = self.pop(name)

    def add(self, name: str, entry: T) -> None:
        """Add an entry, unless all there are stand in the latest telegram."""
        if len(self) >= self._most and name not in self:
            longest_unseen = next(iter(self))
            if longest_unseen in self._shown:
                return
            del self[longest_unseen]
        self[name] = entry
