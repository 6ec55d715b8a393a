"""Readers of all kinds, as software made from public descriptions, over real sockets."""

import asyncio
from hashlib import sha256
from itertools import pairwise
import ssl

from aiohttp import ClientSession, web
from hypothesis import example, given, strategies as st
import pytest

from custom_components.emucs.port import (
    CannotConnect,
    Link,
    LinkDown,
    LocalApiOff,
    NoData,
    NoTelegram,
    NotFound,
    PortError,
    Telegram,
    Unauthorized,
    Untrusted,
    polling,
    tls,
)
from custom_components.emucs.port.access import Access
from custom_components.emucs.port.errors import Cause, HttpStatus
from custom_components.emucs.port.opening import opener_of
from custom_components.emucs.port.whole import WholeTelegrams
from tests.port.reader_links import FAST, answering, failure_of, link_to, telegrams_of
from tests.port.wire import sent
from tests.support import WINTER_EVENING, eventually
from virtual_meter import VirtualMeter
from virtual_meter.readers import (
    READERS,
    Authority,
    DsmrLogger,
    HomeWizard,
    HomeWizardV2,
    P1Dongle,
    P1Monitor,
    WebReader,
    make_reader,
)

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def meter() -> VirtualMeter:
    return VirtualMeter(seed=7, start=WINTER_EVENING)


@pytest.mark.parametrize("name", [name for name in READERS if name not in {"mqtt", "homewizard-v2"}])
async def test_a_reader_gives_the_telegrams_of_the_meter(name: str, meter: VirtualMeter) -> None:
    async with make_reader(name, meter, speed=FAST) as reader:
        telegrams = await telegrams_of(reader.url)
    assert {telegram.meter_id for telegram in telegrams} == {meter.meter_id}
    times = [telegram.time for telegram in telegrams]
    assert len(set(times)) == len(times)


async def test_homewizard_with_its_second_api(meter: VirtualMeter, monkeypatch: pytest.MonkeyPatch) -> None:
    async with HomeWizardV2(meter, speed=FAST) as reader:
        monkeypatch.setattr(tls, "HOMEWIZARD_CA", reader.authority.pem)
        token = reader.issue_token("local/test")
        telegrams = await telegrams_of(reader.url, token=token, serial=reader.mac.upper())
        assert telegrams[0].meter_id == meter.meter_id
        assert isinstance(await failure_of(reader.url, serial=reader.mac), Unauthorized)
        assert isinstance(await failure_of(reader.url, token="0" * 32, serial=reader.mac), Unauthorized)


async def test_a_token_that_is_withdrawn_while_it_is_used(meter: VirtualMeter, monkeypatch: pytest.MonkeyPatch) -> None:
    async with HomeWizardV2(meter, speed=FAST) as reader:
        monkeypatch.setattr(tls, "HOMEWIZARD_CA", reader.authority.pem)
        token = reader.issue_token("local/test")
        async with link_to(reader.url, token=token, serial=reader.mac) as link:
            assert isinstance(await anext(link), Telegram)
            reader.issue_token("local/test")
            while isinstance(event := await anext(link), Telegram):
                pass
            assert isinstance(event.error, Unauthorized)


@pytest.mark.parametrize("kind", ["another reader", "another authority"])
async def test_a_reader_has_to_prove_which_one_it_is(
    kind: str, meter: VirtualMeter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with HomeWizardV2(meter) as reader:
        authority = Authority() if kind == "another authority" else reader.authority
        monkeypatch.setattr(tls, "HOMEWIZARD_CA", authority.pem)
        serial = "020000000001" if kind == "another reader" else reader.mac
        failure = await failure_of(reader.url, token=reader.issue_token("local/test"), serial=serial)
    assert isinstance(failure, Untrusted)
    assert failure.problem == "untrusted"


def test_the_certificate_of_the_vendor_is_the_published_one() -> None:
    der = ssl.PEM_cert_to_DER_cert(tls.HOMEWIZARD_CA)
    assert sha256(der).hexdigest().startswith("4ec277e62033fae8bc373e3f2a976676")
    context = tls.homewizard_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1


async def test_homewizard_whose_owner_did_not_allow_it(meter: VirtualMeter) -> None:
    async with HomeWizard(meter) as reader:
        reader.is_api_on = False
        failure = await failure_of(reader.url)
    assert isinstance(failure, LocalApiOff)
    assert (failure.reason, failure.problem) == ("cannot_connect", "local_api_off")


async def test_a_dongle_with_a_password(meter: VirtualMeter) -> None:
    async with P1Dongle(meter, speed=FAST) as reader:
        reader.user = "owner:pass:word"
        assert isinstance(await failure_of(reader.url), Unauthorized)
        assert isinstance(await failure_of(reader.url, username="owner", password="x"), Unauthorized)  # noqa: S106 -- invented
        assert await telegrams_of(reader.url, 1, username="owner", password="pass:word")  # noqa: S106 -- as above
        assert await telegrams_of(reader.url.replace("//", "//owner:pass%3Aword@"), 1)


async def test_a_reader_before_its_first_telegram_is_silent(meter: VirtualMeter) -> None:
    async with P1Dongle(meter) as reader:
        reader.pause()
        reader.latest = b""
        assert isinstance(await failure_of(reader.url), NoData)


async def test_a_homewizard_before_its_first_telegram_is_silent(
    meter: VirtualMeter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with HomeWizardV2(meter) as reader:
        monkeypatch.setattr(tls, "HOMEWIZARD_CA", reader.authority.pem)
        reader.pause()
        reader.latest = b""
        failure = await failure_of(reader.url, token=reader.issue_token("local/test"), serial=reader.mac)
    assert isinstance(failure, NoData)


@pytest.mark.parametrize("kind", [HomeWizard, P1Dongle, DsmrLogger, P1Monitor])
async def test_the_same_telegram_again_is_silence(kind: type[WebReader], meter: VirtualMeter) -> None:
    async with kind(meter, speed=FAST) as reader, link_to(reader.url, silence=2) as link:
        assert isinstance(await anext(link), Telegram)
        reader.pause()
        while isinstance(event := await anext(link), Telegram):
            pass
        assert isinstance(event.error, NoData)
        # The link asks anew, and is not told that the old one is a new one.
        before = link.reader.telegrams
        following = asyncio.ensure_future(anext(link))
        connections = link.connections
        await eventually(lambda: link.connections > connections)
        await asyncio.sleep(0.5)
        assert link.reader.telegrams == before
        assert not following.done()
        reader.resume()
        assert isinstance(await following, Telegram)


async def test_it_is_asked_twice_a_second_at_most(meter: VirtualMeter) -> None:
    async with HomeWizard(meter, speed=FAST) as reader:
        url = reader.url
        link = Link(url, open_with=opener_of(url, {}, Access(interval=0.01)))
        async with link:
            for _ in range(5):
                assert isinstance(await anext(link), Telegram)
        assert min(after - before for before, after in pairwise(reader.requests)) > 0.45


async def test_a_telegram_that_p1_monitor_thinks_bad(meter: VirtualMeter) -> None:
    async with P1Monitor(meter, speed=FAST) as reader:
        reader.is_valid = False
        assert isinstance(await failure_of(reader.url), NoData)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, "", Unauthorized),
        (403, "", Unauthorized),
        (403, '{"error": {"id": 202, "description": "API not enabled"}}', LocalApiOff),
        (403, '{"error":"user:unauthorized"}', Unauthorized),
        (403, "[" * 9999, Unauthorized),
        (404, "File Not Found", NotFound),
        (301, "", NotFound),
        (500, "", HttpStatus),
        (503, "Frontend unavailable", HttpStatus),
        (503, "telegram:no-telegram-received", NoData),
        (200, "", NoData),
        (200, "<!DOCTYPE html><html>", NoTelegram),
        (200, "x" * 1_000_000, NoTelegram),
        (200, '["a"]', NoTelegram),
        (200, "[1, 2, 3, 4]", NoTelegram),
    ],
)
async def test_answers_without_a_telegram(status: int, body: str, kind: type[PortError]) -> None:
    headers = {"Location": "http://127.0.0.1:1/"} if status == 301 else {}
    async with answering(lambda: web.Response(text=body, status=status, headers=headers)) as url:
        failure = await failure_of(url)
    assert isinstance(failure, kind)
    if isinstance(failure, HttpStatus):
        assert failure.kind == f"HTTP {status}"


async def test_a_secret_goes_nowhere_else() -> None:
    seen: list[str | None] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.Response(text="")

    application = web.Application()
    application.router.add_get("/", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    elsewhere = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    async with answering(lambda: web.Response(status=302, headers={"Location": elsewhere})) as url:
        assert isinstance(await failure_of(url, token="0123"), NotFound)  # noqa: S106 -- as above
    await runner.cleanup()
    assert seen == []


async def test_a_busy_reader_is_forgiven_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "PATIENCE", 2.0)
    count = 0

    def answer() -> web.Response:
        nonlocal count
        count += 1
        if count in (2, 3) or count > 4:
            return web.Response(status=503)
        return web.Response(body=sent(f"1-0:1.7.0(00.00{count}*kW)"))

    async with answering(answer) as url, link_to(url) as link:
        assert isinstance(await anext(link), Telegram)
        assert isinstance(await anext(link), Telegram)
        event = await anext(link)
        assert isinstance(event, LinkDown)
        assert isinstance(event.error, HttpStatus)
        assert count >= 7


async def test_a_reader_that_went_away(meter: VirtualMeter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "PATIENCE", 1.0)
    async with P1Dongle(meter, speed=FAST) as reader, link_to(reader.url) as link:
        assert isinstance(await anext(link), Telegram)
        await reader.take_down()
        while isinstance(event := await anext(link), Telegram):
            pass
        assert isinstance(event.error, CannotConnect)
        assert event.error.cause is Cause.REFUSED
        await reader.bring_up()
        assert isinstance(await anext(link), Telegram)


async def test_addresses_that_lead_nowhere(unused_tcp_port: int) -> None:
    for url, cause in (
        (f"http://127.0.0.1:{unused_tcp_port}/", Cause.REFUSED),
        (f"ws://127.0.0.1:{unused_tcp_port}/", Cause.REFUSED),
        ("http://reader.invalid/telegram", Cause.UNKNOWN_NAME),
        ("ws://reader.invalid/ws", Cause.UNKNOWN_NAME),
        ("http://[::1/telegram", Cause.INVALID),
        ("http:///telegram", Cause.INVALID),
    ):
        failure = await failure_of(url)
        assert isinstance(failure, CannotConnect), url
        assert failure.cause is cause, url


async def test_a_reader_that_does_not_answer(meter: VirtualMeter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "REQUEST_TIMEOUT", polling.ClientTimeout(total=0.5))
    async with P1Dongle(meter) as reader:
        reader.mute()
        failure = await failure_of(reader.url)
    assert isinstance(failure, CannotConnect)
    assert failure.cause is Cause.NO_ANSWER


async def test_a_session_of_somebody_else_stays_open(meter: VirtualMeter) -> None:
    async with ClientSession() as session, P1Dongle(meter, speed=FAST) as reader:
        url = reader.url
        async with Link(url, open_with=opener_of(url, {}, Access(), session)) as link:
            assert isinstance(await anext(link), Telegram)
        assert not session.closed


@given(st.binary(max_size=200) | st.text('[]{}"valid,:0123456789/!\\ué', max_size=200).map(str.encode))
@example(b'[0, 0, "valid", 3]')
@example(b'[0, 0, {}, "/"]')
@example('[0, 0, "valid", "/é€"]'.encode())
def test_any_body_is_taken_once(body: bytes) -> None:
    whole = WholeTelegrams()
    first = whole.new(body)
    assert first == b"" or first.endswith(b"\r\n")
    assert whole.new(body) == b""
    assert whole.new(body + b"\n") == b""
