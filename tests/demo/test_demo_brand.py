"""The PNGs of the brand are what their SVG sources show."""

from pathlib import Path
import subprocess
import sys

from PIL import Image, ImageChops, ImageStat
import pytest

from docs.brand.draw import IMAGES, SOURCES
from harness.browser import CHROMIUM
from harness.hass import ROOT

NAMES = sorted(path.name for path in IMAGES.glob("*.png"))
ON = {"light": (255, 255, 255), "dark": (17, 17, 17)}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not Path(CHROMIUM).exists():
        pytest.skip("there is no browser")
    folder = tmp_path_factory.mktemp("brand")
    command = [sys.executable, "-m", "docs.brand.draw", "--out", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603
    return folder


def seen(path: Path, colour: tuple[int, int, int]) -> Image.Image:
    """Return a picture as it looks on a page of some colour."""
    image = Image.open(path).convert("RGBA")
    page = Image.new("RGBA", image.size, (*colour, 255))
    return Image.alpha_composite(page, image).convert("RGB")


def test_every_picture_has_a_source_and_every_source_two_pictures() -> None:
    assert sorted(f"{path.stem}{scale}.png" for path in SOURCES.glob("*.svg") for scale in ("", "@2x")) == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("page", ON)
def test_picture_is_what_its_source_shows(drawn: Path, name: str, page: str) -> None:
    ours, new = seen(IMAGES / name, ON[page]), seen(drawn / name, ON[page])
    assert ours.size == new.size
    # Browsers round edges a little differently.
    assert max(ImageStat.Stat(ImageChops.difference(ours, new)).mean) < 1


@pytest.mark.parametrize("name", NAMES)
def test_picture_has_no_empty_margin(name: str) -> None:
    image = Image.open(IMAGES / name)
    assert image.getchannel("A").getbbox() == (0, 0, *image.size)


def test_big_picture_is_the_small_one_twice() -> None:
    for name in ("icon", "logo", "dark_logo"):
        small, big = Image.open(IMAGES / f"{name}.png"), Image.open(IMAGES / f"{name}@2x.png")
        assert big.height == 2 * small.height
        assert abs(big.width - 2 * small.width) <= 1
