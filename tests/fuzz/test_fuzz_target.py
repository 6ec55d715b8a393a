"""The target of `scripts/test --fuzz`: a moment of it, and that it notices what it should."""

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.emucs.port import Telegram, framing
from tests.fuzz import corpus, target
from tests.fuzz.mutations import mutate
from tests.fuzz.target import GOOD, SAMPLES, SIGN, SIGNED_SAMPLES, WARM, check
from tests.port.s1_wire import SPECIFIED

SEEDS = list(corpus.seeds())


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
def test_seeds(seed: bytes) -> None:
    check(seed)


@given(
    seed=st.sampled_from(SEEDS),
    changes=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 40), st.binary(max_size=40)), max_size=6),
)
@settings(max_examples=150, deadline=None, database=None)
def test_changed_telegrams(seed: bytes, changes: list[tuple[int, int, bytes]]) -> None:
    for at, gone, new in changes:
        place = at % (len(seed) + 1)
        seed = seed[:place] + new + seed[place + gone :]
    check(seed)


@given(data=st.binary(max_size=400))
@settings(max_examples=150, deadline=None, database=None)
@example(data=b"")
@example(data=bytes((WARM, 0)) + GOOD)
def test_any_bytes(data: bytes) -> None:
    check(data)


def test_mutated_telegrams() -> None:
    assert mutate(500, 60, 1) == (500, {})


def test_mutations_keep_what_they_find(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "_is_right", lambda *_: True)
    assert any("a wrong checksum" in kind for kind in mutate(2000, 60, 1).findings)


@given(
    changes=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 60), st.binary(max_size=60)), max_size=6),
    seed=st.sampled_from([data for data in SEEDS if data[0] in {SAMPLES, SIGNED_SAMPLES}]),
    piece=st.integers(0, 255),
)
@settings(max_examples=100, deadline=None, database=None)
def test_changed_samples(changes: list[tuple[int, int, bytes]], seed: bytes, piece: int) -> None:
    mode, stream = seed[:1], seed[2:]
    for at, gone, new in changes:
        place = at % (len(stream) + 1)
        stream = stream[:place] + new + stream[place + gone :]
    check(mode + bytes((piece,)) + stream)


@given(stream=st.binary(max_size=400), piece=st.integers(0, 255), mode=st.sampled_from([SAMPLES, SIGNED_SAMPLES]))
@settings(max_examples=100, deadline=None, database=None)
def test_any_samples(stream: bytes, piece: int, mode: int) -> None:
    check(bytes((mode, piece)) + stream)


def test_it_notices_a_wrong_checksum_of_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.emucs.port.s1.reader._is_right", lambda *_: True)
    with pytest.raises(AssertionError, match="not all right frames"):
        check(bytes((SAMPLES, 3)) + SPECIFIED[:30] + b"x" + SPECIFIED[31:])


def test_it_notices_a_wrong_checksum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "_is_right", lambda *_: True)
    with pytest.raises(AssertionError, match="a wrong checksum"):
        check(bytes((WARM, 3)) + GOOD.replace(b"01.234", b"91.234"))


def test_it_notices_what_pieces_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    find_start = framing.Framer._find_start  # noqa: SLF001 -- what is broken on purpose

    def forgetful(framer: framing.Framer[Telegram]) -> bool:
        """Keep nothing of a start that is cut by the end of a chunk."""
        if not (found := find_start(framer)):
            framer.reset()
        return found

    monkeypatch.setattr(framing.Framer, "_find_start", forgetful)
    with pytest.raises(AssertionError, match=r"pieces decide|not found"):
        check(bytes((WARM, 0)) + GOOD)


def test_it_notices_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.emucs.port.lines.plain", lambda text, *_: text)
    with pytest.raises(AssertionError):
        check(bytes((SIGN, 3)) + b"/XXX5\r\n\r\n0-0:96.13.0(<b>)")


def test_it_notices_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "KEPT_AT_MOST", 100)
    with pytest.raises(AssertionError, match="keeps too much"):
        check(bytes((WARM, 3)) + GOOD[:-1] + b"/AAA5" + b"x" * 200)
