import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";

import "./page.mjs";
import { Connection, device, homeOf, load, plain, state, telegram } from "./home.mjs";

const { FlowCard, suggestFlowCard } = await load("flow-card");
const { flowsOf, houseOf, sourcesOf, sumOf } = await load("flow");
const PREFERENCES = {
  energy_sources: [
    { type: "grid", stat_energy_from: "sensor.import", stat_rate: "sensor.power" },
    { type: "solar", stat_energy_from: "sensor.east", stat_rate: "sensor.east_power" },
    { type: "solar", stat_energy_from: "sensor.west", stat_rate: "sensor.west_power" },
    { type: "battery", stat_energy_from: "sensor.out", stat_energy_to: "sensor.in", stat_rate: "sensor.battery_power" },
  ],
};
const POWERS = { "sensor.east_power": state(1500, {}, "W"), "sensor.west_power": state(0.5), "sensor.battery_power": state(-400, {}, "W") };
const moving = (flows) => Object.fromEntries(Object.entries(flows).filter(([, power]) => power > 1e-9).map(([name, power]) => [name, Number(power.toFixed(3))]));

function home(preferences = PREFERENCES) {
  const hass = homeOf({ connection: new Connection(), callWS: async () => preferences ?? Promise.reject(new Error("never set up")) });
  Object.assign(hass.states, POWERS);
  return hass;
}

async function cardOf(t, hass) {
  const card = new FlowCard();
  card.setConfig({});
  card.connectedCallback();
  card.hass = hass;
  t.after(() => card.disconnectedCallback());
  await turnOfTheLoop();
  return { card, text: (name) => plain(card._parts[name].textContent), part: (name) => card._parts[name] };
}

test("sources are those of the energy dashboard", () => {
  assert.deepEqual(sourcesOf(PREFERENCES), { sun: ["sensor.east_power", "sensor.west_power"], battery: ["sensor.battery_power"] });
  assert.deepEqual(sourcesOf(null), { sun: [], battery: [] });
  // One that tells no power makes the sum unknown, and not less.
  assert.deepEqual(sourcesOf({ energy_sources: [{ type: "solar", stat_energy_from: "sensor.east" }] }).sun, [null]);
  assert.deepEqual([sumOf(home(), ["sensor.east_power", "sensor.west_power"]), sumOf(home(), [null]), sumOf(home(), [])], [2, null, undefined]);
});

test("the house takes what is given", () => {
  assert.equal(houseOf({ grid: 1 }), 1);
  assert.equal(houseOf({ grid: -0.5, sun: 2, battery: -0.5 }), 1);
  assert.equal(houseOf({ grid: -3, sun: 2 }), 0);
  assert.equal(houseOf({ grid: 1, sun: null }), null);
});

test("what flows is allocated as energy is", () => {
  assert.deepEqual(moving(flowsOf({ grid: 1 })), { grid_house: 1 });
  assert.deepEqual(moving(flowsOf({ grid: -0.5, sun: 2 })), { sun_grid: 0.5, sun_house: 1.5 });
  assert.deepEqual(moving(flowsOf({ grid: -0.5, sun: 3, battery: -1 })), { sun_battery: 1, sun_grid: 0.5, sun_house: 1.5 });
  assert.deepEqual(moving(flowsOf({ grid: 3, sun: 0, battery: -2 })), { grid_battery: 2, grid_house: 1 });
  assert.deepEqual(moving(flowsOf({ grid: -1, sun: 0, battery: 3 })), { battery_grid: 1, battery_house: 2 });
});

test("the card shows each source, and follows telegrams", async (t) => {
  const hass = home();
  const { text, part } = await cardOf(t, hass);
  hass.connection.send(telegram({ power: -0.5 }));
  assert.deepEqual(["sun", "grid", "house", "battery"].map(text), ["2,000 W", "500 W", "1,100 W", "400 W"]);
  assert.deepEqual(["grid_label", "battery_label"].map(text), ["Grid", "Battery"]);
  assert.match(part("gauge").getAttribute("aria-label"), /To the grid 500.W/);
  assert.equal(part("grid_node").getAttribute("class"), "node grid returned");
  assert.deepEqual([part("sun_grid").style.display, part("grid_house").style.display], ["", "none"]);
  hass.connection.send(telegram({ power: 1 }));
  assert.deepEqual(["grid", "house"].map(text), ["1,000 W", "2,600 W"]);
  assert.match(part("gauge").getAttribute("aria-label"), /Sun 2,000.W, From the grid 1,000.W, House 2,600.W, To the battery 400.W/);
});

test("what is not known is not drawn", async (t) => {
  const hass = home(null);
  const { text, part } = await cardOf(t, hass);
  hass.connection.send(telegram({ power: 1 }));
  assert.deepEqual([part("sun_node").hidden, part("battery_node").hidden, text("house")], [true, true, "1,000 W"]);
  const other = home();
  other.states["sensor.east_power"] = state("unavailable");
  const { text: said, part: of } = await cardOf(t, other);
  other.connection.send(telegram({ power: 1 }));
  assert.deepEqual([said("sun"), said("house"), of("grid_house").style.display], ["–", "–", "none"]);
});

test("the card is offered for the power of a meter", () => {
  assert.deepEqual(suggestFlowCard(homeOf(), "sensor.power"), { config: { type: "custom:emucs-flow-card", device_id: "meter" } });
  assert.equal(suggestFlowCard(homeOf({ devices: { other: device("other") } }), "sensor.other"), null);
});
