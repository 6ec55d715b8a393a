import assert from "node:assert/strict";
import { test } from "node:test";

import "./page.mjs";
import { device, entities, homeOf, load } from "./home.mjs";

const { dashboard } = await load("dashboard");
const METER = { power: "sensor.power", energy_import: "sensor.import" };
const CAPACITY = { demand_forecast: "sensor.forecast", peak_target: "number.target" };

function home(more = {}) {
  const devices = { meter: device("meter", { serial_number: "1SAG1100000292" }), gas: device("gas", { via_device_id: "meter" }) };
  const rows = { ...entities("meter", METER), ...entities("capacity", CAPACITY), ...entities("gas", { gas: "sensor.gas" }) };
  return homeOf({ devices, entities: rows, ...more });
}

const headings = (view) => view.sections.map(({ cards: [first] }) => first.heading);
const named = (config) => JSON.stringify(config).match(/"(?:sensor|number)\.\w+"/g).map((each) => each.slice(1, -1));

test("each meter has a view, with sections for what it has", () => {
  const { title, views } = dashboard(home());
  assert.equal(title, "Belgian Digital Meter");
  assert.deepEqual(views.map(({ title: name, path }) => [name, path]), [["meter", "meter-1sag1100000292"]]);
  assert.deepEqual(headings(views[0]), ["Now", "Quarter-hour peak", "Energy", "gas"]);
  // The forecast is what the quarter card shows.
  assert.deepEqual(new Set(named(views)), new Set(["sensor.power", "sensor.import", "number.target", "sensor.gas"]));
});

test("the cards are those of the view's meter", () => {
  const [{ sections }] = dashboard(home()).views;
  const cards = sections.flatMap(({ cards: all }) => all).filter(({ type }) => type.startsWith("custom:"));
  const expected = ["custom:emucs-live-card", "custom:emucs-quarter-card"].map((type) => [type, "meter"]);
  assert.deepEqual(cards.map(({ type, device_id }) => [type, device_id]), expected);
});

test("without a power there is nothing live", () => {
  const hass = home();
  hass.entities["sensor.power"].hidden = true;
  assert.doesNotMatch(JSON.stringify(dashboard(hass)), /emucs-live-card/);
});

test("what the user has hidden is not shown, nor a section without anything", () => {
  const hass = home();
  for (const id of ["sensor.import", "sensor.forecast", "sensor.gas"]) {
    hass.entities[id].hidden = true;
  }
  const { views } = dashboard(hass);
  assert.deepEqual(headings(views[0]), ["Now"]);
  assert.deepEqual(new Set(named(views)), new Set(["sensor.power"]));
});

test("a dashboard without a meter says what to do", () => {
  const { views } = dashboard(homeOf({ devices: {}, entities: {}, language: "de" }));
  assert.match(JSON.stringify(views), /Kein digitaler Zähler gefunden\. Füge/);
});

test("the heading of energy leads to Home Assistant's own dashboard, where there is one", () => {
  const heading = (panels) => dashboard(home({ panels })).views[0].sections.map(({ cards: [first] }) => first).find(({ icon }) => icon === "mdi:transmission-tower");
  assert.deepEqual(heading({ energy: {} }).tap_action, { action: "navigate", navigation_path: "/energy" });
  assert.equal(heading({}).tap_action, undefined);
});

test("the voltage has a section with the report, where it is judged", () => {
  const connection = { voltage_quality: "sensor.quality", overvoltage_time: "sensor.overvoltage" };
  const hass = home();
  assert.ok(!headings(dashboard(hass).views[0]).includes("Voltage"));
  Object.assign(hass.entities, entities("meter", connection));
  const section = dashboard(hass).views[0].sections.find(({ cards: [first] }) => first.heading === "Voltage");
  assert.deepEqual(named(section), ["sensor.quality", "sensor.overvoltage"]);
  const { type, config_entry_id } = section.cards.at(-1);
  assert.deepEqual([type, config_entry_id], ["custom:emucs-report-links", "entry"]);
});

test("the connection has a section, where its main breaker is known", () => {
  const hass = home();
  Object.assign(hass.entities, entities("meter", { apparent_peak: "sensor.peak_kva" }));
  assert.ok(!headings(dashboard(hass).views[0]).includes("Grid connection"));
  Object.assign(hass.entities, entities("meter", { headroom: "sensor.headroom", available_current: "sensor.available" }));
  const section = dashboard(hass).views[0].sections.find(({ cards: [first] }) => first.heading === "Grid connection");
  assert.deepEqual(named(section), ["sensor.available", "sensor.headroom", "sensor.peak_kva"]);
});

test("the cost has a section with the parts of the bill, where there is a price", () => {
  const hass = home();
  assert.ok(!headings(dashboard(hass).views[0]).includes("Cost"));
  const rows = { cost_today: "sensor.today", cost_month: "sensor.bill", cost_month_forecast: "sensor.bill_forecast" };
  Object.assign(hass.entities, entities("meter", rows));
  hass.states = { "sensor.bill": { attributes: { import: 31.2, export: null, capacity_tariff: 0, unpriced_energy: 0.2 } } };
  hass.formatEntityAttributeName = (_, attribute) => `Name of ${attribute}`;
  const section = dashboard(hass).views[0].sections.find(({ cards: [first] }) => first.heading === "Cost");
  assert.deepEqual(new Set(named(section)), new Set(Object.values(rows)));
  const [parts] = section.cards.filter(({ type }) => type === "entities");
  assert.deepEqual(
    parts.entities.map(({ name, suffix }) => [name, suffix]),
    [["Name of import", "EUR"], ["Name of capacity_tariff", "EUR"], ["Name of unpriced_energy", "kWh"]],
  );
  hass.states["sensor.bill"].attributes.unpriced_energy = 0;
  assert.doesNotMatch(JSON.stringify(dashboard(hass)), /unpriced/);
});
