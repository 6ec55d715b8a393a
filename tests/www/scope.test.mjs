import assert from "node:assert/strict";
import { after, test } from "node:test";

import { turn } from "./page.mjs";
import { Connection, entities, homeOf, load, plain, state } from "./home.mjs";

const { barsOf, BARS, endOf, HEIGHT, pathOf, WIDTH } = await load("scope");
const { ScopeCard, suggestScopeCard } = await load("scope-card");
const settled = () => new Promise((resolve) => setImmediate(resolve));
const cards = [];
after(() => cards.forEach((card) => card.disconnectedCallback()));

const sine = (amplitude) => Array.from({ length: 52 }, (_, index) => amplitude * Math.sin((2 * Math.PI * index) / 52));
const phase = (more = {}) => ({
  ...{ voltage: sine(325), current: sine(14.1), voltage_rms: 230, current_rms: 10, voltage_thd: 2.6, current_thd: 12 },
  ...{ voltage_harmonics: [0.1, 0.6, 0.1, 2.2], current_harmonics: [0, 8, 0, 5], ...more },
});
const period = (phases = { l1: phase(), l2: phase({ voltage_rms: 231.4 }), l3: phase() }) => ({ type: "values", frequency: 50.012, phases, neutral: null });

function home({ withPort = true, ...more } = {}) {
  const hass = homeOf({ connection: new Connection(), ...more });
  if (withPort) {
    Object.assign(hass.entities, entities("capacity", { waveform: "event.waveform", frequency: "sensor.frequency" }));
    Object.assign(hass.states, { "event.waveform": state("unknown"), "sensor.frequency": state(50, {}, "Hz") });
  }
  return hass;
}

async function cardOf(hass) {
  const card = new ScopeCard();
  cards.push(card);
  card.setConfig({});
  card.hass = hass;
  card.connectedCallback();
  await settled();
  return { card, text: (name) => plain(card._parts[name].textContent), part: (name) => card._parts[name] };
}

test("scales end in round numbers", () => {
  assert.deepEqual([endOf([325], 100), endOf([-14.1], 1), endOf([0.2], 1), endOf([], 2), endOf([2.2], 2), endOf([400], 1)], [400, 15, 1, 2, 2.5, 400]);
});

test("a period begins and ends with the same value, one period later", () => {
  const points = pathOf(sine(325), 325).slice(1).split("L").map((point) => point.split(" ").map(Number));
  assert.equal(points.length, 53);
  assert.deepEqual([points[0], points.at(-1)], [[0, HEIGHT / 2], [WIDTH, HEIGHT / 2]]);
  assert.deepEqual([points[13][1], points[39][1]], [2, HEIGHT - 2]);
});

test("each harmonic has a bar, and none is higher than the chart", () => {
  const bars = barsOf([1, 50], 2, 0, 3).split("Z").filter(Boolean);
  assert.deepEqual(bars.map((bar) => Number(/v(-[\d.]+)/.exec(bar)[1])), [-(BARS - 2) / 2, -(BARS - 2)]);
  assert.notEqual(barsOf([1], 2, 1, 3), barsOf([1], 2, 0, 3));
  assert.equal(barsOf(Array(40).fill(1), 2, 0, 1).split("Z").length - 1, 24);
});

test("a period of three phases is drawn and said", async () => {
  const hass = home();
  const { text, part } = await cardOf(hass);
  assert.deepEqual(hass.connection.asked, [{ type: "emucs/waveform", config_entry_id: "entry" }]);
  hass.connection.send(period());
  assert.deepEqual(["l1_name", "l2_volts", "l2_amperes", "l3_thd"].map(text), ["L1", "231.4 V", "10.00 A", "THD 2.6 %"]);
  assert.deepEqual(["voltage_end", "current_end", "spectrum_end"].map(text), ["±400 V", "±15 A", "2.5 %"]);
  for (const name of ["voltage_l1", "current_l3", "spectrum_l2"]) {
    assert.match(part(name).getAttribute("d"), /^M/);
  }
  assert.equal(plain(part("gauge").getAttribute("aria-label")), "Details of the frequency: 50.01 Hz. L1 230.0 V, 10.00 A. L2 231.4 V, 10.00 A. L3 230.0 V, 10.00 A");
  assert.equal(text("status"), "");
});

test("a single phase has no others", async () => {
  const hass = home();
  const { part } = await cardOf(hass);
  hass.connection.send(period());
  hass.connection.send(period({ l1: phase({ voltage_thd: null }) }));
  assert.deepEqual(["l1_number", "l2_number", "l3_number"].map((name) => part(name).hidden), [false, true, true]);
  assert.equal(part("voltage_l2").getAttribute("d"), "");
  assert.equal(part("l1_thd").textContent, "");
});

test("the spectrum is that of the voltage or of the current", async () => {
  const hass = home();
  const { text, part } = await cardOf(hass);
  hass.connection.send(period());
  assert.deepEqual([text("spectrum_label"), text("switch")], ["Harmonics of the voltage", "Show those of the current"]);
  const before = part("spectrum_l1").getAttribute("d");
  part("switch").dispatchEvent({ type: "click" });
  assert.deepEqual([text("spectrum_label"), text("switch")], ["Harmonics of the current", "Show those of the voltage"]);
  assert.notEqual(part("spectrum_l1").getAttribute("d"), before);
});

test("nothing is asked for while nobody looks", async () => {
  const hass = home();
  const { card } = await cardOf(hass);
  assert.equal(hass.connection.open.size, 1);
  turn("hidden");
  await settled();
  assert.equal(hass.connection.open.size, 0);
  turn("visible");
  await settled();
  assert.equal(hass.connection.open.size, 1);
  card.disconnectedCallback();
  await settled();
  assert.equal(hass.connection.open.size, 0);
});

test("why nothing is shown is said", async () => {
  const without = await cardOf(home({ withPort: false }));
  assert.match(without.text("status"), /^The S1 port of this meter is not read/);
  assert.equal(without.part("screen").hidden, true);
  const hass = home();
  const { text } = await cardOf(hass);
  assert.equal(text("status"), "Waiting for the meter.");
  hass.connection.send({ type: "down" });
  assert.match(text("status"), /^No samples come from the S1 port/);
  hass.connection.send(period());
  assert.equal(text("status"), "");
});

test("the card is suggested for what samples show", () => {
  const hass = home();
  assert.deepEqual(suggestScopeCard(hass, "sensor.frequency"), { config: { type: "custom:emucs-scope-card", device_id: "meter" } });
  assert.equal(suggestScopeCard(hass, "sensor.power"), null);
});
