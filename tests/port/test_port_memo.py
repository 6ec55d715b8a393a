"""What is kept of what was worked out."""

from collections.abc import Callable

from custom_components.emucs.port.memo import Memo


class Counted[T]:
    """A function that counts how often it works."""

    def __init__(self, work: Callable[[bytes], T]) -> None:
        self.times = 0
        self._work = work

    def __call__(self, argument: bytes) -> T:
        self.times += 1
        return self._work(argument)


def test_what_is_known_is_not_worked_out_again() -> None:
    work = Counted(bytes.decode)
    memo = Memo(work, most=2, longest=3)
    assert [memo[b"a"], memo[b"a"], memo[b"b"]] == ["a", "a", "b"]
    assert work.times == 2


def test_no_more_is_kept_than_may_be() -> None:
    work = Counted(bytes.decode)
    memo = Memo(work, most=2, longest=3)
    for argument in (b"a", b"b", b"c", b"d", b"e"):
        assert memo[argument] == argument.decode()
        assert len(memo) <= 2
    assert memo[b"e"] == "e"
    assert work.times == 5


def test_what_is_long_is_not_kept() -> None:
    work = Counted(bytes.decode)
    memo = Memo(work, most=2, longest=3)
    assert [memo[b"long"], memo[b"long"]] == ["long", "long"]
    assert work.times == 2
    assert not memo


def test_nothing_may_be_what_was_worked_out() -> None:
    work = Counted(lambda _: None)
    memo = Memo(work, most=2, longest=3)
    assert [memo[b"a"], memo[b"a"]] == [None, None]
    assert work.times == 1
