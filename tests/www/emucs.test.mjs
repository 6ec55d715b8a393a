import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import "./page.mjs";
import { homeOf, WWW } from "./home.mjs";

const MAIN = new URL("emucs.js", WWW);
const STRATEGY = "ll-strategy-dashboard-emucs";
const CARD = "emucs-quarter-card";
// What others may have left behind: Home Assistant offers from arrays.
window.customStrategies = { theirs: { type: "theirs", strategyType: "dashboard" } };
window.customCards = "none";

const source = (name) => readFileSync(new URL(name, WWW), "utf8");
const importing = import(MAIN);

async function defined(name) {
  while (!customElements.get(name)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return customElements.get(name);
}

test("the dashboard is known as soon as the first module has come, which waits for no other", async () => {
  await importing;
  assert.ok(customElements.get(STRATEGY));
  assert.doesNotMatch(source("emucs.js"), /^(?:import|export)\b.*from/m);
});

test("all other modules are fetched at once, and not one after the other", () => {
  const [, names] = /MODULES = \[(.*)\]/.exec(source("emucs.js"));
  const files = readdirSync(WWW).filter((name) => name !== "emucs.js");
  assert.deepEqual(names.match(/[\w-]+/g).map((name) => `${name}.js`).sort(), files.sort());
});

test("the card is known, and the dashboard is made, when they have come", async () => {
  const strategy = customElements.get(STRATEGY);
  const { views } = await strategy.generate({}, homeOf());
  assert.equal(views[0].title, "meter");
  assert.ok(await defined(CARD));
});

test("the dashboard is made anew for other meters and other entities only", () => {
  const { shouldRegenerate } = customElements.get(STRATEGY);
  const hass = homeOf();
  assert.equal(shouldRegenerate({}, hass, { ...hass, states: {} }), false);
  assert.equal(shouldRegenerate({}, hass, { ...hass, devices: {} }), true);
  assert.equal(shouldRegenerate({}, hass, { ...hass, entities: {} }), true);
});

test("both are offered in the user's language, also where a list was none", async () => {
  await defined(CARD);
  assert.deepEqual(window.customStrategies.map(({ type }) => type), ["theirs", "emucs"]);
  assert.deepEqual(window.customCards.map(({ type }) => type), [CARD]);
  document.querySelector = () => ({ hass: homeOf({ language: "fr" }) });
  assert.equal(window.customStrategies[1].name, "Compteur numérique belge");
  assert.match(window.customCards[0].description, /^Le quart d'heure/);
  assert.equal(window.customCards[0].getEntitySuggestion(homeOf(), "sensor.budget").config.device_id, "meter");
});

test("a module that is loaded twice, as after an update, changes nothing", async () => {
  const before = customElements.get(STRATEGY);
  await import(new URL("emucs.js?again", WWW));
  assert.equal(customElements.get(STRATEGY), before);
  assert.equal(window.customStrategies.length, 2);
});
