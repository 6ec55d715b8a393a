"""A real Home Assistant, a virtual meter and a real browser, shared by all tests of this folder."""

from collections.abc import AsyncGenerator, Generator
from pathlib import Path
import shutil

from playwright.async_api import Page, async_playwright
import pytest
import pytest_asyncio

from harness.browser import CHROMIUM
from tests.e2e.e2e_browser import Window, browser
from tests.e2e.e2e_demo import Demo, demo_in
from tests.e2e.e2e_home import PASSWORD, USER, Home

FAILED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Tell pytest of our option."""
    parser.addoption("--pictures", type=Path, metavar="DIR", help="where pictures of the pages go, such as docs/images")
    parser.addoption("--sheet", type=Path, metavar="DIR", help="where the contact sheet of all views goes")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip these tests if the plugin for tests within Home Assistant is active, which blocks the network."""
    reason = None
    if config.pluginmanager.hasplugin("homeassistant"):
        reason = "needs minutes and a browser: scripts/test --e2e"
    elif not Path(CHROMIUM).exists():
        reason = f"needs {CHROMIUM}: apt-get install chromium"
    for item in items:
        if reason and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def pictures(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where pictures go."""
    folder: Path = request.config.getoption("--pictures") or tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def failures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where pictures of pages go that a test has failed on."""
    return tmp_path_factory.mktemp("failures")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home]:
    """Run a Home Assistant that has the integration, and no meter yet."""
    folder = tmp_path_factory.mktemp("home")
    home = Home(folder)
    async with home.running():
        yield home
    shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def window(home: Home, pictures: Path) -> AsyncGenerator[Window]:
    """Run a browser."""
    async with async_playwright() as playwright, browser(playwright) as chromium:
        yield Window(chromium, home.url, pictures)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def page(home: Home, window: Window) -> AsyncGenerator[Page]:
    """Return the page that the owner uses, logged in."""
    async with window.open() as page:
        await window.log_in(page, USER, PASSWORD)
        yield page


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo(window: Window, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Demo]:
    """Run the demo."""
    folder = tmp_path_factory.mktemp("demo")
    async with demo_in(folder, window) as demo:
        yield demo
    shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let fixtures know how a test went."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def nobody_complains(
    request: pytest.FixtureRequest, home: Home, window: Window, page: Page, failures: Path
) -> AsyncGenerator[None]:
    """Fail if a page or the log had an error, and keep a picture of a failure."""
    yield
    if request.node.stash.get(FAILED, False):
        path = failures / f"{request.node.name}.png"
        await page.screenshot(path=path)
        request.node.add_report_section("teardown", "page", f"What the page showed: {path}")
    assert window.problems.take() == []
    assert home.complaints() == []
