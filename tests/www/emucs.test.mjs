import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { Element, Registry } from "./page.mjs";
import { homeOf, WWW } from "./home.mjs";

const MAIN = new URL("emucs.js", WWW);
const STRATEGY = "ll-strategy-dashboard-emucs";
const CARDS = ["emucs-live-card", "emucs-flow-card", "emucs-quarter-card", "emucs-heatmap-card", "emucs-day-card", "emucs-scope-card"];
// What others may have left behind: Home Assistant offers from arrays.
window.customStrategies = { theirs: { type: "theirs", strategyType: "dashboard" } };
window.customCards = "none";

const source = (name) => readFileSync(new URL(name, WWW), "utf8");
const settled = () => new Promise((resolve) => setImmediate(resolve));

await import(MAIN);

test("nothing is defined before Home Assistant has replaced the registry and the class of all elements", async () => {
  const first = customElements;
  await settled();
  assert.equal(first.get(STRATEGY), undefined);
  // What the frontend does while it starts: the first registry learns of its elements, and nothing is taken over.
  globalThis.customElements = new Registry();
  globalThis.HTMLElement = class extends Element {};
  customElements.define("home-assistant", class extends HTMLElement {});
  first.define("home-assistant", class extends HTMLElement {});
  await settled();
  assert.equal(first.get(STRATEGY), undefined);
  assert.ok(customElements.get(STRATEGY).prototype instanceof HTMLElement);
});

test("the dashboard is known before any other module has come", () => {
  CARDS.forEach((card) => assert.equal(customElements.get(card), undefined));
  assert.doesNotMatch(source("emucs.js"), /^(?:import|export)\b.*from/m);
});

test("all other modules are fetched at once, and not one after the other", () => {
  const lists = source("emucs.js").match(/(?:LEADING|MODULES) = \[.*\]/g).join();
  const files = readdirSync(WWW).filter((name) => name !== "emucs.js");
  assert.deepEqual([...lists.matchAll(/"([\w-]+)"/g)].map(([, name]) => `${name}.js`).sort(), files.sort());
});

test("the cards are known, and the dashboard is made, when they have come", async () => {
  const strategy = customElements.get(STRATEGY);
  const { views } = await strategy.generate({}, homeOf());
  assert.equal(views[0].title, "Today");
  CARDS.forEach((card) => assert.ok(customElements.get(card).prototype instanceof HTMLElement));
});

test("the dashboard is made anew for other meters and other entities only", () => {
  const { shouldRegenerate } = customElements.get(STRATEGY);
  const hass = homeOf();
  assert.equal(shouldRegenerate({}, hass, { ...hass, states: {} }), false);
  assert.equal(shouldRegenerate({}, hass, { ...hass, devices: {} }), true);
  assert.equal(shouldRegenerate({}, hass, { ...hass, entities: {} }), true);
});

test("all are offered in the user's language, also where a list was none", async () => {
  await customElements.whenDefined(CARDS[1]);
  assert.deepEqual(window.customStrategies.map(({ type }) => type), ["theirs", "emucs"]);
  assert.deepEqual(window.customCards.map(({ type }) => type), CARDS);
  document.querySelector = () => ({ hass: homeOf({ language: "fr" }) });
  assert.equal(window.customStrategies[1].name, "Compteur numérique belge");
  assert.match(window.customCards[2].description, /^Le quart d'heure/);
  assert.equal(window.customCards[2].getEntitySuggestion(homeOf(), "sensor.budget").config.device_id, "meter");
  assert.equal(window.customCards[0].name, "Puissance en direct");
  assert.equal(window.customCards[0].getEntitySuggestion(homeOf(), "sensor.budget"), null);
  assert.equal(window.customCards[3].name, "Prélèvement au fil de la semaine");
  assert.equal(window.customCards[3].getEntitySuggestion(homeOf(), "sensor.budget"), null);
});

test("a module that is loaded twice, as after an update, changes nothing", async () => {
  const before = customElements.get(STRATEGY);
  await import(new URL("emucs.js?again", WWW));
  await settled();
  assert.equal(customElements.get(STRATEGY), before);
  assert.equal(window.customStrategies.length, 2);
});
