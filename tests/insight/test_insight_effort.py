"""How much work it is to follow the capacity tariff."""

from custom_components.emucs.insight.capacity import Capacity, CapacitySettings
from custom_components.emucs.port import Reader
from tests.effort import calls
from virtual_meter import VirtualMeter


def test_a_second_takes_few_steps() -> None:
    meter, reader, capacity = VirtualMeter(seed=5), Reader(), Capacity(CapacitySettings())
    telegrams = []
    for _ in range(60):
        meter.advance(1)
        telegrams += reader.feed(meter.telegram())
    assert calls(capacity.feed, telegrams) <= 75 * len(telegrams)
