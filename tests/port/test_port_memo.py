"""What is kept of what was worked out."""

from custom_components.emucs.port.memo import Memo


def test_what_is_known_is_not_worked_out_again() -> None:
    memo = Memo(bytes.decode, most=2, longest=3)
    assert [memo[b"a"], memo[b"a"], memo[b"b"]] == ["a", "a", "b"]
    assert memo.worked_out == 2


def test_no_more_is_kept_than_may_be() -> None:
    memo = Memo(bytes.decode, most=2, longest=3)
    for argument in (b"a", b"b", b"c", b"d", b"e"):
        assert memo[argument] == argument.decode()
        assert len(memo) <= 2
    assert memo[b"e"] == "e"
    assert memo.worked_out == 5


def test_what_is_long_is_not_kept() -> None:
    memo = Memo(bytes.decode, most=2, longest=3)
    assert [memo[b"long"], memo[b"long"]] == ["long", "long"]
    assert memo.worked_out == 2
    assert not memo


def test_nothing_may_be_what_was_worked_out() -> None:
    memo = Memo(lambda _: None, most=2, longest=3)
    assert [memo[b"a"], memo[b"a"]] == [None, None]
    assert memo.worked_out == 1
