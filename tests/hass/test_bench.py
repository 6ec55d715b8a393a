"""What the benchmark makes of what it saw."""

from bench.hass import taken


def test_a_value_that_was_sent_twice_does_not_say_how_long_it_took() -> None:
    sent = [(0.5, 1.0), (0.6, 2.0), (0.5, 3.0), (0.7, 4.0)]
    noted = [(0.5, 1.01), (0.6, 2.25), (0.5, 3.01), (0.8, 3.5), (0.7, 4.5)]
    assert taken(sent, noted) == [0.25, 0.5]
