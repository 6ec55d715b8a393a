import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";

import "./page.mjs";
import { Connection, device, homeOf, load, telegram } from "./home.mjs";

const { Banner } = await load("banner");
const DOWN = { type: "down", problem: "no_data_serial", placeholders: { port: "/dev/ttyUSB0" } };

function home(more = {}) {
  const localize = (key, { port }) => key === "component.emucs.exceptions.no_data_serial.message" && `Nothing comes from ${port}. Check the cable.`;
  return homeOf({ connection: new Connection(), loadBackendTranslation: async () => localize, ...more });
}

async function bannerOf(hass) {
  const banner = new Banner();
  banner.isConnected = true;
  banner.setConfig({ device_id: "meter" });
  banner.hass = hass;
  banner.connectedCallback();
  await turnOfTheLoop();
  const alert = banner.shadowRoot.querySelector("ha-alert");
  return { banner, said: () => alert.textContent, title: () => alert.title };
}

test("why a meter is lost is said in the words of Home Assistant's own pages", async () => {
  const hass = home();
  const { said, title } = await bannerOf(hass);
  assert.match(said(), /^No telegrams come from the meter/);
  hass.connection.send(DOWN);
  await turnOfTheLoop();
  assert.equal(said(), "Nothing comes from /dev/ttyUSB0. Check the cable.");
  assert.equal(title(), "");
});

test("an unknown reason is none, and neither is the end of one", async () => {
  const hass = home();
  const { said } = await bannerOf(hass);
  for (const event of [{ ...DOWN, problem: "new" }, DOWN, telegram()]) {
    hass.connection.send(event);
    await turnOfTheLoop();
  }
  assert.match(said(), /^No telegrams come from the meter/);
});

test("of several meters it names the one", async () => {
  const { title } = await bannerOf(home({ devices: { meter: device("meter"), garage: device("garage", { created_at: 2 }) } }));
  assert.equal(title(), "meter");
});

test("a banner that is gone listens to nothing", async () => {
  const hass = home();
  const { banner } = await bannerOf(hass);
  banner.disconnectedCallback();
  await turnOfTheLoop();
  assert.equal(hass.connection.watchers, 0);
  assert.equal(hass.connection.open.size, 0);
});
