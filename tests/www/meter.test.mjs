import assert from "node:assert/strict";
import { test } from "node:test";

import { device, entities, homeOf, load, service, state } from "./home.mjs";

const { electricityMeters, entitiesOf, hasValue, isGone, kilowattsOf, mbusMeters, meterOf, nameOf } = await load("meter");

const GAS = device("gas", { via_device_id: "meter" });
const OTHER = device("other", { identifiers: [["hue", "lamp"]] });
const ids = (devices) => devices.map(({ id }) => id);

test("meters come in the order in which they were added, without others, disabled ones, those on M-Bus and services", () => {
  const devices = { capacity: service("capacity", "meter"), lost: service("lost", "gone"), late: device("late", { created_at: 9 }), gas: GAS, other: OTHER, off: device("off", { disabled_by: "user" }), meter: device("meter") };
  assert.deepEqual(ids(electricityMeters({ devices })), ["meter", "late"]);
  assert.deepEqual(ids(mbusMeters({ devices }, devices.meter)), ["gas"]);
});

test("a group of meters is shown as a meter is, though its device is a service", () => {
  const devices = { meter: device("meter"), street: device("street", { entry_type: "service" }), capacity: service("capacity", "street") };
  const entities = { "sensor.silent": { entity_id: "sensor.silent", device_id: "street", platform: "emucs", translation_key: "silent_members" } };
  const hass = { devices, entities };
  assert.deepEqual(ids(electricityMeters(hass)), ["meter", "street"]);
  assert.equal(meterOf(hass, "street").id, "street");
  assert.equal(meterOf(hass, "capacity").id, "street");
});

test("a card is for the meter that it names, or for the first whose quarter is followed", () => {
  const devices = { plain: device("plain"), meter: device("meter", { created_at: 2 }) };
  const hass = homeOf({ devices });
  assert.equal(meterOf(hass).id, "meter");
  assert.equal(meterOf(hass, "plain").id, "plain");
  // A card may name the device on which its entities are shown.
  assert.equal(meterOf(hass, "capacity").id, "meter");
  assert.equal(meterOf(hass, "gone"), null);
  assert.equal(meterOf({ ...hass, entities: {} }).id, "plain");
  assert.equal(meterOf({ devices: {}, entities: {} }), null);
});

test("entities are found by what they mean, and not by their ids", () => {
  const rows = { ...entities("meter", { demand: "sensor.mine" }), ...entities("gas", { gas: "sensor.gas" }) };
  for (const id of ["sensor.l3", "sensor.l1", "sensor.l2"]) {
    rows[id] = { entity_id: id, platform: "emucs", device_id: "meter", translation_key: "voltage_phase" };
  }
  rows["sensor.foreign"] = { entity_id: "sensor.foreign", platform: "template", device_id: "meter", translation_key: "demand" };
  Object.assign(rows, entities("capacity", { month_peak: "sensor.peak" }), entities("another", { month_peak: "sensor.another" }));
  const devices = { meter: device("meter"), gas: GAS, capacity: service("capacity", "meter"), another: service("another", "second") };
  const found = entitiesOf({ devices, entities: rows }, devices.meter);
  assert.deepEqual(found, { demand: ["sensor.mine"], month_peak: ["sensor.peak"], voltage_phase: ["sensor.l1", "sensor.l2", "sensor.l3"] });
});

test("a power is in kW, whatever unit the user shows it in", () => {
  assert.equal(kilowattsOf(state(1500, {}, "W")), 1.5);
  assert.equal(kilowattsOf(state(-2, {}, "kW")), -2);
  assert.equal(kilowattsOf(state(0.002, {}, "MW")), 2);
});

test("a power that is not known is none", () => {
  const nothing = [undefined, state("unknown"), state("unavailable"), state("on"), state(5, {}, "kWh"), state(5, {}, undefined)];
  nothing.slice(0, 5).forEach((each) => assert.equal(kilowattsOf(each), null));
  assert.equal(kilowattsOf({ state: "5", attributes: {} }), null);
});

test("what has gone has no value, and not everything without one has gone", () => {
  assert.deepEqual([undefined, state("unavailable"), state("unknown"), state(0)].map(isGone), [true, true, false, false]);
  assert.deepEqual([undefined, state("unavailable"), state("unknown"), state(0)].map(hasValue), [false, false, false, true]);
});

test("the user's name for a meter goes before ours", () => {
  assert.deepEqual([device("a"), device("a", { name_by_user: "Cellar" }), { name: null }].map(nameOf), ["a", "Cellar", ""]);
});
