import assert from "node:assert/strict";
import { after, mock, test } from "node:test";

import { turn } from "./page.mjs";
import { Connection, device, entities, homeOf, load, plain, quarterStates, service, state, telegram } from "./home.mjs";

const { LiveCard, suggestLiveCard } = await load("live-card");
const { QuarterCard } = await load("quarter-card");
const settled = () => new Promise((resolve) => setImmediate(resolve));
const PHASES = ["sensor.power_l1", "sensor.power_l2", "sensor.power_l3"];
const cards = [];
after(() => cards.forEach((card) => card.disconnectedCallback()));

function home(more = {}) {
  const hass = homeOf({ connection: new Connection(), ...more });
  const rows = PHASES.map((id) => [id, { entity_id: id, platform: "emucs", device_id: "meter", translation_key: "power_phase" }]);
  Object.assign(hass.entities, Object.fromEntries(rows));
  return hass;
}

async function cardOf(hass, { Card = LiveCard, ...config } = {}) {
  const card = new Card();
  cards.push(card);
  card.setConfig(config);
  card.hass = hass;
  card.connectedCallback();
  await settled();
  return { card, text: (name) => plain(card._parts[name].textContent), part: (name) => card._parts[name] };
}

test("each telegram moves the needle and the number", async () => {
  const hass = home();
  const { text, part } = await cardOf(hass);
  const needle = () => part("needle").style.transform;
  hass.connection.send(telegram());
  const before = needle();
  assert.deepEqual([text("title"), text("direction"), text("power")], ["Power", "From the grid", "5,000 W"]);
  assert.deepEqual([text("gauge_begin"), text("gauge_end")], ["0", "6,000 W"]);
  hass.connection.send(telegram({ power: 2.5 }));
  assert.equal(text("power"), "2,500 W");
  assert.notEqual(needle(), before);
  // The scale holds what the last minutes had.
  assert.equal(text("gauge_end"), "6,000 W");
  assert.equal(text("range"), "Last 5 minutes: 2,500 W to 5,000 W");
  assert.ok(part("trace_line").getAttribute("d").startsWith("M"));
});

test("what is exported goes the other way", async () => {
  const hass = home();
  const { text, part } = await cardOf(hass);
  hass.connection.send(telegram({ power: -2.7 }));
  assert.deepEqual([text("direction"), text("power")], ["To the grid", "2,700 W"]);
  assert.deepEqual([text("gauge_begin"), text("gauge_end")], ["-3,000 W", "3,000 W"]);
  assert.equal(part("needle").style.transform, "rotate(9.0deg)");
  assert.equal(part("card").dataset.flow, "export");
  assert.equal(part("zero").style.visibility, "");
});

test("phases are those of the telegram", async () => {
  const hass = home();
  const { text, part } = await cardOf(hass);
  // Their room is kept until the first telegram is there.
  assert.equal(part("phases").hidden, false);
  assert.equal(text("power_l2"), "–");
  hass.connection.send(telegram());
  assert.deepEqual(["power_l1", "power_l2", "power_l3"].map(text), ["3,000 W", "1,500 W", "500 W"]);
  assert.equal(text("power_l1_label"), "L1");
  hass.connection.send({ type: "down" });
  assert.deepEqual([part("phases").hidden, text("power_l1")], [false, "–"]);
  const one = home();
  delete one.entities[PHASES[1]];
  delete one.entities[PHASES[2]];
  assert.equal((await cardOf(one)).part("phases").hidden, true);
});

test("phases that the user has hidden are not shown", async () => {
  const hass = home();
  PHASES.forEach((id) => (hass.entities[id].hidden = true));
  const { part } = await cardOf(hass);
  hass.connection.send(telegram());
  assert.equal(part("phases").hidden, true);
});

test("where there is no live view, states are followed", async () => {
  const hass = home();
  hass.connection.error = { code: "unknown_command" };
  const { card, text, part } = await cardOf(hass);
  assert.equal(text("power"), "1,200 W");
  assert.equal(part("phases").hidden, true);
  card.hass = { ...hass, states: { ...hass.states, "sensor.power": state(2, {}, "kW") } };
  assert.equal(text("power"), "2,000 W");
  assert.equal(text("range"), "Last 5 minutes: 1,200 W to 2,000 W");
});

test("a state of before is no part of the trace", async () => {
  const hass = home();
  const { text } = await cardOf(hass);
  // Shown until the first telegram, which says something else.
  assert.deepEqual([text("power"), text("range")], ["1,200 W", ""]);
  hass.connection.send(telegram());
  assert.equal(text("range"), "Last 5 minutes: 5,000 W to 5,000 W");
});

test("what is lost is said, and drawn as nothing", async () => {
  const hass = home();
  const { card, text, part } = await cardOf(hass);
  hass.connection.send(telegram());
  hass.connection.send({ type: "down" });
  card.hass = { ...hass, states: { ...hass.states, "sensor.power": state("unavailable") } };
  assert.deepEqual([text("power"), text("direction")], ["–", ""]);
  assert.match(text("status"), /^No telegrams come/);
  assert.equal(part("needle").style.visibility, "hidden");
  hass.connection.send(telegram());
  assert.equal(text("status"), "");
});

test("the last minutes are those that were recorded", async () => {
  const now = Date.now() / 1000;
  const recorded = [{ s: "300", a: {}, lu: now - 400 }, { s: "unknown", lu: now - 200 }, { s: "", lu: now - 150 }, { s: "7400", lu: now - 100 }];
  const hass = home();
  hass.callWS = async (message) => (message.type.startsWith("history/") ? { "sensor.power": recorded } : {});
  const { text } = await cardOf(hass);
  hass.connection.send(telegram());
  assert.equal(text("range"), "Last 5 minutes: 300 W to 7,400 W");
  assert.equal(text("gauge_end"), "10,000 W");
});

test("a second card has the last minutes as well, although the latest telegram is there before", async () => {
  const hass = home();
  hass.callWS = async (message) => (message.type.startsWith("history/") ? { "sensor.power": [{ s: "7400", lu: Date.now() / 1000 - 100 }] } : {});
  await cardOf(hass);
  hass.connection.send(telegram());
  const { text } = await cardOf(hass);
  assert.equal(text("range"), "Last 5 minutes: 5,000 W to 7,400 W");
});

test("nothing is asked for while nobody looks, and what was missed is made up for", async (t) => {
  const hass = home();
  const asked = [];
  hass.callWS = async (message) => (asked.push(message), {});
  const { card } = await cardOf(hass);
  assert.equal(hass.connection.open.size, 1);
  turn("hidden");
  await settled();
  assert.equal(hass.connection.open.size, 0);
  card.hass = { ...hass, states: { ...hass.states, "sensor.power": state(9) } };
  const later = Date.now() + 6000;
  t.mock.method(Date, "now", () => later);
  turn("visible");
  await settled();
  assert.equal(hass.connection.open.size, 1);
  assert.equal(asked.length, 2);
  // A moment later: nothing was missed.
  hass.connection.send(telegram());
  turn("hidden");
  turn("visible");
  await settled();
  assert.equal(asked.length, 2);
  card.observer.scroll(false);
  await settled();
  assert.equal(hass.connection.open.size, 0);
  card.observer.scroll(true);
  card.disconnectedCallback();
  await settled();
  assert.equal(hass.connection.open.size, 0);
});

test("screen readers are not told of each second", async (t) => {
  const hass = home();
  const { text, part } = await cardOf(hass);
  const label = () => plain(part("gauge").getAttribute("aria-label"));
  hass.connection.send(telegram());
  const said = label();
  assert.match(said, /^Details of the power: 1,200 W\. From the grid/);
  hass.connection.send(telegram({ power: 4.5 }));
  assert.equal(label(), said);
  // What is about something else is said at once.
  hass.connection.send(telegram({ power: -0.5 }));
  assert.match(label(), /^Details of the power: 500 W\. To the grid\. Last 5 minutes: -500 W to 5,000 W$/);
  t.mock.method(performance, "now", () => 1e9);
  hass.connection.send(telegram({ power: -0.6 }));
  assert.match(label(), /600 W/);
  // And nothing by itself but what lasts.
  assert.equal(text("status"), "");
});

test("what a screen reader was told is not written again", async () => {
  const hass = home();
  const { card, part } = await cardOf(hass, { Card: QuarterCard });
  hass.connection.send(telegram());
  hass.connection.send(telegram({ peak_alarm: true, demand_forecast: 5 }));
  const [said] = part("announcement").children;
  assert.match(said.text, /^The target will be passed/);
  hass.connection.send(telegram({ peak_alarm: true, demand_forecast: 5.2 }));
  card.hass = { ...hass };
  assert.equal(part("announcement").children[0], said);
});

test("the quarter is that of the telegram, and its time goes on by itself", async (t) => {
  const hass = home();
  const { card, text, part } = await cardOf(hass, { Card: QuarterCard });
  assert.equal(text("forecast"), "2.00 kW");
  hass.connection.send(telegram());
  const shown = ["forecast", "so_far", "target", "budget", "time_left"].map(text);
  assert.deepEqual(shown, ["3.00 kW", "1.50 kW", "4.00 kW", "4.50 kW", "10:00"]);
  const { at } = card._live;
  t.mock.method(performance, "now", () => at + 5000);
  card._showTime();
  assert.equal(text("time_left"), "9:55");
  hass.connection.send(telegram({ peak_alarm: true, demand_forecast: 5 }));
  assert.equal(part("card").dataset.level, "alarm");
  // While the meter's clock is wrong.
  const unknown = { demand_forecast: null, so_far: null, seconds_left: null, demand_budget: null, target: null };
  hass.connection.send(telegram(unknown));
  assert.deepEqual([part("card").dataset.level, text("forecast"), text("time_left")], ["unknown", "–", "–"]);
  hass.connection.send({ type: "ended" });
  assert.equal(text("forecast"), "2.00 kW");
});

test("what may not be read is left to nobody", async () => {
  const hass = home();
  const { text } = await cardOf(hass, { Card: QuarterCard });
  hass.connection.send({ type: "values", demand_forecast: 3, so_far: 1, estimated: true, seconds_left: 60 });
  assert.deepEqual(["forecast", "target", "budget", "estimated"].map(text), ["3.00 kW", "–", "–", "estimated"]);
});

test("without a meter, or without its power, the card says so", async () => {
  const none = await cardOf({ ...home(), devices: {} });
  assert.match(none.text("status"), /^No digital meter found/);
  assert.deepEqual(["dial", "trace"].map((name) => none.part(name).style.display), ["none", "none"]);
  const other = await cardOf({ ...home(), entities: {} });
  assert.match(other.text("status"), /^This meter sends no power/);
});

test("the card is another meter's when it is told so", async () => {
  const devices = { meter: device("meter"), second: device("second", { created_at: 2, config_entry_id: "other" }), capacity: service("capacity", "meter") };
  const hass = home({ devices, states: quarterStates() });
  Object.assign(hass.entities, entities("second", { power: "sensor.second" }));
  hass.states["sensor.second"] = state(0.4);
  const { card, text } = await cardOf(hass);
  hass.connection.send(telegram());
  assert.equal(text("title"), "Power · meter");
  card.setConfig({ device_id: "second" });
  await settled();
  assert.deepEqual([text("title"), text("power"), text("range")], ["Power · second", "400 W", ""]);
  assert.deepEqual(hass.connection.asked.map((each) => each.config_entry_id), ["entry", "other"]);
  assert.equal(hass.connection.open.size, 1);
});

test("the card is suggested for power", () => {
  const hass = homeOf();
  assert.deepEqual(suggestLiveCard(hass, "sensor.power"), { config: { type: "custom:emucs-live-card", device_id: "meter" } });
  assert.equal(suggestLiveCard(hass, "sensor.budget"), null);
});
