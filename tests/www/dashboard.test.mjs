import assert from "node:assert/strict";
import { test } from "node:test";

import "./page.mjs";
import { device, entities, homeOf, load, service } from "./home.mjs";

const { dashboard } = await load("dashboard");
const METER = { link: "binary_sensor.link", power: "sensor.power", energy_import: "sensor.import" };
const CAPACITY = { demand_forecast: "sensor.forecast", peak_target: "number.target" };

function home(more = {}) {
  const devices = { meter: device("meter", { serial_number: "1SAG1100000292" }), gas: device("gas", { via_device_id: "meter" }) };
  const rows = { ...entities("meter", METER), ...entities("capacity", CAPACITY), ...entities("gas", { gas: "sensor.gas" }) };
  return homeOf({ devices, entities: rows, ...more });
}

/** Two meters, of which the second has a power only. */
function street() {
  const hass = home();
  hass.devices = { ...hass.devices, garage: device("garage", { created_at: 2 }) };
  hass.entities = { ...hass.entities, ...entities("garage", { power: "sensor.garage" }) };
  return hass;
}

const viewOf = (hass, path, config) => dashboard(hass, config).views.find((view) => view.path === path);
const headings = (view) => view.sections.flatMap(({ cards: [first] }) => first.heading ?? []);
const cardsOf = (view, type) => view.sections.flatMap(({ cards }) => cards).filter((card) => card.type === type);
const named = (config) => [...new Set((JSON.stringify(config).match(/"(?:sensor|number|binary_sensor)\.\w+"/g) ?? []).map((each) => each.slice(1, -1)))];

test("there are views for what is asked, with what the meter has", () => {
  const { title, views } = dashboard(home());
  assert.equal(title, "Belgian Digital Meter");
  assert.deepEqual(views.map(({ title: name, path }) => [name, path]), [["Today", "today"], ["Peak", "peak"], ["Meter", "meter"]]);
  assert.deepEqual(views.map(headings), [["Now", "Today", "Gas and water"], ["Quarter-hour peak", "This month"], ["Energy", "Meter", "Gas and water"]]);
});

test("no view has more sections than a desktop has columns", () => {
  const hass = home();
  Object.assign(hass.entities, entities("meter", { voltage_quality: "sensor.quality", headroom: "sensor.headroom", current_phase: "sensor.l1" }));
  for (const { sections, max_columns } of dashboard(hass).views) {
    const shown = sections.filter(({ cards: [first] }) => first.type !== "custom:emucs-banner");
    assert.ok(shown.length === max_columns && max_columns <= 3);
  }
});

test("the cards are those of the meter", () => {
  const cards = ["today", "peak"].flatMap((path) => viewOf(home(), path).sections).flatMap(({ cards: all }) => all);
  const own = cards.filter(({ type }) => type.startsWith("custom:")).map(({ type, device_id }) => [type, device_id]);
  assert.deepEqual(own, ["banner", "live-card", "banner", "quarter-card"].map((name) => [`custom:emucs-${name}`, "meter"]));
});

test("while a meter is lost, a banner says so on top of each view", () => {
  for (const { sections: [first] } of dashboard(home()).views) {
    assert.deepEqual(first.visibility, [{ condition: "state", entity: "binary_sensor.link", state_not: "on" }]);
    assert.equal(first.cards[0].type, "custom:emucs-banner");
  }
});

test("what has no value is not shown", () => {
  const known = (entity) => ({ condition: "state", entity, state_not: ["unknown", "unavailable"] });
  const [list] = cardsOf(viewOf(home(), "meter"), "entities");
  assert.deepEqual(list.entities.map(({ conditions }) => conditions), [[known("sensor.import")]]);
  assert.deepEqual(list.visibility, [{ condition: "or", conditions: [known("sensor.import")] }]);
  const hass = home();
  Object.assign(hass.entities, entities("meter", { voltage_phase: "sensor.voltage" }));
  const [tile] = cardsOf(viewOf(hass, "grid"), "tile");
  assert.deepEqual(tile.visibility, [known("sensor.voltage")]);
});

test("a section of which nothing has a value has no heading either", () => {
  const hass = home();
  Object.assign(hass.entities, entities("meter", { self_consumption: "sensor.self" }));
  const sun = () => viewOf(hass, "house").sections.at(-1);
  const known = { condition: "state", entity: "sensor.self", state_not: ["unknown", "unavailable"] };
  assert.deepEqual(sun().visibility, [{ condition: "or", conditions: [{ condition: "or", conditions: [known] }] }]);
  // A chart is always there.
  Object.assign(hass.entities, entities("meter", { energy_band_day: "sensor.day" }));
  assert.equal(sun().visibility, undefined);
});

test("what is not known yet says how it will be", () => {
  const hass = home();
  Object.assign(hass.entities, entities("meter", { load_forecast: "sensor.load" }));
  const [text] = cardsOf(viewOf(hass, "house"), "markdown");
  assert.match(text.content, /history from your grid operator's portal.*\(\/config\/integrations\/integration\/emucs\)/);
  assert.deepEqual(text.visibility, [{ condition: "state", entity: "sensor.load", state: "unknown" }]);
  assert.match(cardsOf(viewOf(hass, "peak"), "markdown")[0].content, /Choose your grid area/);
  Object.assign(hass.entities, entities("capacity", { capacity_cost: "sensor.cost" }));
  assert.deepEqual(cardsOf(viewOf(hass, "peak"), "markdown"), []);
});

test("without a power there is nothing live", () => {
  const hass = home();
  hass.entities["sensor.power"].hidden = true;
  assert.doesNotMatch(JSON.stringify(dashboard(hass)), /emucs-live-card/);
});

test("what the user has hidden is not shown, nor a view without anything", () => {
  const hass = home();
  for (const id of ["sensor.import", "sensor.forecast", "sensor.gas", "binary_sensor.link"]) {
    hass.entities[id].hidden = true;
  }
  const { views } = dashboard(hass);
  assert.deepEqual(views.map(({ path }) => path), ["today"]);
  assert.deepEqual(named(views), ["sensor.power"]);
});

test("several meters share the views, under their names", () => {
  const today = viewOf(street(), "today");
  assert.deepEqual(headings(today), ["meter · Now", "meter · Today", "meter · Gas and water", "garage · Now", "garage · Today"]);
  assert.deepEqual(headings(viewOf(street(), "peak")), ["meter · Quarter-hour peak", "meter · This month"]);
});

test("a dashboard can be of one meter", () => {
  assert.deepEqual(headings(viewOf(street(), "today", { device_id: "garage" })), ["Now", "Today"]);
  assert.match(JSON.stringify(dashboard(street(), { device_id: "gone" })), /No digital meter found/);
});

test("a dashboard without a meter says what to do", () => {
  const { views } = dashboard(homeOf({ devices: {}, entities: {}, language: "de" }));
  assert.match(JSON.stringify(views), /Kein digitaler Zähler gefunden\. Füge/);
});

test("the heading of today leads to Home Assistant's energy dashboard, where there is one", () => {
  const heading = (panels) => viewOf(home({ panels }), "today").sections.map(({ cards: [first] }) => first).find(({ icon }) => icon === "mdi:calendar-today");
  assert.deepEqual(heading({ energy: {} }).tap_action, { action: "navigate", navigation_path: "/energy" });
  assert.equal(heading({}).tap_action, undefined);
});

test("the voltage has a section with the report, where it is judged", () => {
  const hass = home();
  assert.equal(viewOf(hass, "grid"), undefined);
  Object.assign(hass.entities, entities("meter", { voltage_quality: "sensor.quality", overvoltage_time: "sensor.overvoltage" }));
  const section = viewOf(hass, "grid").sections.find(({ cards: [first] }) => first.heading === "Voltage");
  assert.deepEqual(named(section), ["sensor.quality", "sensor.overvoltage"]);
  const { type, config_entry_id } = section.cards.at(-1);
  assert.deepEqual([type, config_entry_id], ["custom:emucs-report-links", "entry"]);
});

test("the connection says what is left, or how to see it", () => {
  const hass = home();
  Object.assign(hass.entities, entities("meter", { apparent_peak: "sensor.peak_kva", current_phase: "sensor.current" }));
  const section = () => viewOf(hass, "grid").sections.find(({ cards: [first] }) => first.heading === "Grid connection");
  assert.match(section().cards.at(-1).content, /Choose your main breaker/);
  Object.assign(hass.entities, entities("meter", { headroom: "sensor.headroom", available_current: "sensor.available" }));
  assert.deepEqual(named(section()), ["sensor.available", "sensor.headroom", "sensor.peak_kva"]);
});

test("the services of a meter are shown with it", () => {
  const hass = home();
  hass.devices.household = service("household", "meter");
  Object.assign(hass.entities, entities("household", { base_load: "sensor.base_load" }));
  assert.deepEqual(named(viewOf(hass, "house")), ["binary_sensor.link", "sensor.base_load"]);
});

test("with panels or a battery, the flow of power is shown", () => {
  const types = (preferences) => dashboard(home(), {}, preferences).views[0].sections.flatMap(({ cards }) => cards.map(({ type }) => type));
  assert.ok(types({ energy_sources: [{ type: "solar", stat_energy_from: "sensor.sun" }] }).includes("custom:emucs-flow-card"));
  assert.ok(!types({ energy_sources: [{ type: "grid" }] }).includes("custom:emucs-flow-card"));
});

test("a group has its own figures, and neither the sun of a house nor a grid area", () => {
  const hass = home();
  Object.assign(hass.entities, entities("meter", { silent_members: "sensor.silent", month_peak_sum: "sensor.sum", diversity: "sensor.diversity" }));
  const config = dashboard(hass, {}, { energy_sources: [{ type: "solar", stat_energy_from: "sensor.sun" }] });
  assert.deepEqual(["sensor.silent", "sensor.sum", "sensor.diversity"].filter((id) => !named(config).includes(id)), []);
  assert.doesNotMatch(JSON.stringify(config), /emucs-flow-card|grid area/);
  assert.match(JSON.stringify(dashboard(home())), /grid area/);
});

test("today is drawn with its forecast where there is one, else as the course of the power", () => {
  const hass = home();
  assert.doesNotMatch(JSON.stringify(dashboard(hass)), /emucs-day-card/);
  assert.equal(cardsOf(viewOf(hass, "today"), "history-graph").length, 1);
  hass.devices.household = service("household", "meter");
  Object.assign(hass.entities, entities("household", { load_forecast: "sensor.load" }));
  const [day] = cardsOf(viewOf(hass, "today"), "custom:emucs-day-card");
  assert.deepEqual([day.device_id, day.title], ["meter", ""]);
  assert.equal(cardsOf(viewOf(hass, "today"), "history-graph").length, 0);
});

test("the house shows its week as a grid where peaks are looked for", () => {
  const hass = home();
  hass.devices.household = service("household", "meter");
  Object.assign(hass.entities, entities("household", { recurring_peak: "sensor.recurring", load_forecast: "sensor.load" }));
  const [heatmap] = cardsOf(viewOf(hass, "house"), "custom:emucs-heatmap-card");
  assert.equal(heatmap.device_id, "meter");
  delete hass.entities["sensor.recurring"];
  assert.doesNotMatch(JSON.stringify(dashboard(hass)), /heatmap/);
});

test("the house shows the cost with the parts of the bill, where there is a price", () => {
  const hass = home();
  assert.equal(viewOf(hass, "house"), undefined);
  const rows = { cost_today: "sensor.today", cost_month: "sensor.bill", cost_month_forecast: "sensor.bill_forecast" };
  Object.assign(hass.entities, entities("meter", rows));
  hass.states = { "sensor.bill": { attributes: { import: 31.2, export: null, capacity_tariff: 0, unpriced_energy: 0.2 } } };
  hass.formatEntityAttributeName = (_, attribute) => `Name of ${attribute}`;
  const [section] = viewOf(hass, "house").sections.filter(({ cards: [first] }) => first.heading === "Sun and costs");
  assert.deepEqual(new Set(named(section)), new Set(Object.values(rows)));
  const [, parts] = section.cards.filter(({ type }) => type === "entities");
  assert.deepEqual(
    parts.entities.map(({ name, suffix }) => [name, suffix]),
    [["Name of import", "EUR"], ["Name of capacity_tariff", "EUR"], ["Name of unpriced_energy", "kWh"]],
  );
  hass.states["sensor.bill"].attributes.unpriced_energy = 0;
  assert.doesNotMatch(JSON.stringify(dashboard(hass)), /unpriced/);
});

test("what today costs is compared with yesterday and with the same day of the week", () => {
  const hass = home();
  Object.assign(hass.entities, entities("meter", { cost_today: "sensor.cost" }));
  const compared = cardsOf(viewOf(hass, "today"), "statistic").filter(({ entity }) => entity === "sensor.cost");
  assert.deepEqual(compared.map(({ name, period }) => [name, period.calendar.offset]), [["Yesterday", -1], ["A week ago", -7]]);
});
