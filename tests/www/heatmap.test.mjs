import assert from "node:assert/strict";
import { test } from "node:test";

import { Element, press } from "./page.mjs";
import { device, entities, homeOf, load, plain, service, state } from "./home.mjs";

const { Heatmap } = await load("heatmap");
const { HeatmapCard, suggestHeatmap } = await load("heatmap-card");
const { formatClock, formatWeekday, weekHour } = await load("format");

const PEAK = { kind: "weekdays", begin: "18:15", end: "19:00", power: 3.9, days: 11, known_days: 20 };
/** Half a kW at all hours, but for some. */
const weekOf = (others = {}) => Array.from({ length: 7 }, (_, day) => Array.from({ length: 24 }, (_, hour) => others[`${day} ${hour}`] ?? 0.5));

function show({ week = weekOf({ "0 18": 3.2 }), peaks = [PEAK], language = "en" } = {}) {
  const section = new Element("section");
  const heatmap = new Heatmap(section);
  const hass = homeOf({ language });
  hass.locale.time_format = "24";
  heatmap.show(hass, week, peaks);
  const all = section.querySelectorAll(".cell");
  return { section, heatmap, hass, all, label: (day, hour) => plain(all[day * 24 + hour].getAttribute("aria-label")) };
}

const chosen = (section) => section.querySelectorAll(".cell").filter((cell) => cell.getAttribute("aria-selected") === "true").map((cell) => Number(cell.dataset.place));

test("an hour of the week says how much is imported, and which peak recurs in it", () => {
  const { label } = show();
  assert.equal(label(0, 18), "Monday, 18:00–19:00: 3.20 kW on average. Recurring peak: Weekdays 18:15–19:00: 3.9 kW, 11 of 20 days");
  assert.equal(label(4, 18), "Friday, 18:00–19:00: 0.50 kW on average. Recurring peak: Weekdays 18:15–19:00: 3.9 kW, 11 of 20 days");
  assert.equal(label(5, 18), "Saturday, 18:00–19:00: 0.50 kW on average");
  assert.equal(label(0, 17), "Monday, 17:00–18:00: 0.50 kW on average");
  assert.equal(label(0, 19), "Monday, 19:00–20:00: 0.50 kW on average");
});

test("it does so in all languages", () => {
  const wanted = {
    nl: "maandag, 18:00–19:00: gemiddeld 3,20 kW. Terugkerende piek: Weekdagen 18:15–19:00: 3,9 kW, 11 van 20 dagen",
    fr: "lundi, 18:00–19:00 : 3,20 kW en moyenne. Pointe récurrente: En semaine 18:15–19:00 : 3,9 kW, 11 jours sur 20",
    de: "Montag, 18:00–19:00: im Mittel 3,20 kW. Wiederkehrende Spitze: Werktage 18:15–19:00: 3,9 kW, 11 von 20 Tagen",
  };
  for (const [language, text] of Object.entries(wanted)) {
    assert.equal(show({ language }).label(0, 18), text);
  }
});

test("a peak until midnight marks the hours up to it", () => {
  const { all } = show({ peaks: [{ ...PEAK, kind: "weekends", begin: "22:30", end: "00:00" }] });
  const marked = all.filter((cell) => cell.matches(".recurs")).map((cell) => Number(cell.dataset.place));
  assert.deepEqual(marked, [142, 143, 166, 167]);
});

test("what is not known is said, and has no colour", () => {
  const week = weekOf();
  week[2][3] = null;
  const { all, label } = show({ week });
  assert.equal(label(2, 3), "Wednesday, 03:00–04:00: not known");
  assert.ok(all[51].matches(".unknown"));
  assert.equal(all[51].style.background, "");
});

test("the darkest is the end of a scale in round numbers, and nothing is nearly the ground of the card", () => {
  const { section, all } = show({ week: weekOf({ "0 18": 4, "1 1": 0 }) });
  assert.match(plain(section.querySelector(".legend").textContent), /^04 kWRecurring peak$/);
  assert.match(all[18].style.background, /primary-color\) 100%/);
  assert.match(all[25].style.background, /primary-color\) 8%/);
});

test("the cells are those of a grid, one of them chosen and in the order of the tabulator", () => {
  const { section, all } = show();
  assert.equal(section.querySelectorAll('[role="grid"]').length, 1);
  assert.equal(section.querySelectorAll('[role="row"]').length, 7);
  assert.deepEqual(section.querySelectorAll('[role="rowheader"]').map((each) => each.textContent), ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]);
  assert.equal(all.length, 168);
  // The hour that it is.
  assert.deepEqual(chosen(section), [weekHour(Date.now())]);
  assert.deepEqual(all.filter((cell) => cell.tabIndex === 0).map((cell) => Number(cell.dataset.place)), chosen(section));
});

test("arrow keys walk through hours and days, the other way round from right to left", () => {
  const { section, all } = show();
  section.dispatchEvent({ type: "click", target: all[0] });
  const walk = (key) => {
    press(all[chosen(section)[0]], key);
    return chosen(section)[0];
  };
  const steps = ["ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown", "End", "ArrowRight", "Home", "ArrowDown"];
  assert.deepEqual(steps.map(walk), [0, 0, 1, 25, 47, 47, 24, 48]);
  section.direction = "rtl";
  assert.deepEqual(["ArrowRight", "ArrowLeft", "ArrowLeft", "ArrowUp"].map(walk), [48, 49, 50, 26]);
  assert.equal(press(all[0], "Tab"), true);
  assert.equal(press(all[0], "Home"), false);
  for (const [key, place] of [["End", 167], ["Home", 0]]) {
    all[chosen(section)[0]].dispatchEvent({ type: "keydown", key, ctrlKey: true, preventDefault: () => {} });
    assert.deepEqual(chosen(section), [place]);
  }
  assert.equal(press(section, "ArrowDown"), true);
});

test("the chosen hour is told below, and stays with its focus when the week comes anew", () => {
  const { section, heatmap, hass, all } = show();
  all[42].focus();
  const detail = () => plain(section.querySelector(".detail").textContent);
  assert.match(detail(), /^Tuesday, 18:00–19:00: 0\.50 kW/);
  heatmap.show(hass, weekOf({ "1 18": 2 }), []);
  assert.match(detail(), /^Tuesday, 18:00–19:00: 2\.00 kW on average$/);
  assert.equal(section.getRootNode().activeElement.dataset.place, "42");
});

test("all peaks are listed, or that there is none", () => {
  const list = (peaks) => show({ peaks }).section.querySelectorAll("li").map((each) => plain(each.textContent));
  assert.deepEqual(list([PEAK, { ...PEAK, kind: "weekends", days: 4, known_days: 8 }]), [
    "Weekdays 18:15–19:00: 3.9 kW, 11 of 20 days",
    "Weekends 18:15–19:00: 3.9 kW, 4 of 8 days",
  ]);
  assert.match(show({ peaks: [] }).section.textContent, /No peak recurs\.$/);
});

test("times of day and days of the week are the user's", () => {
  const hass = homeOf();
  assert.match(formatClock({ ...hass, locale: { ...hass.locale, time_format: "12" } }, 18 * 60 + 15), /^6:15\sPM$/);
  assert.equal(formatClock({ ...hass, locale: { ...hass.locale, time_format: "24" } }, 24 * 60), "00:00");
  assert.equal(formatWeekday(homeOf({ language: "fr" }), 6, "long"), "dimanche");
  // Midnight in Brussels, in winter and in summer.
  assert.equal(weekHour(Date.parse("2026-11-22T23:30:00Z")), 0);
  assert.equal(weekHour(Date.parse("2026-07-05T21:59:00Z")), 167);
});

/** The card of a meter whose household has a recurring peak, and what is shown of it. */
function cardOf(attributes, value = "Weekdays 18:15–19:00", { config = {}, known = true } = {}) {
  const hass = homeOf();
  hass.devices.household = service("household", "meter");
  if (known) {
    Object.assign(hass.entities, entities("household", { recurring_peak: "sensor.recurring", load_forecast: "sensor.load" }));
    hass.states["sensor.recurring"] = state(value, attributes);
  }
  const card = new HeatmapCard();
  card.setConfig(config);
  card.hass = hass;
  const part = (name) => card.shadowRoot.querySelector(`[data-part="${name}"]`);
  return { card, hass, part };
}

test("the card draws what the entity has, and asks for nothing", () => {
  const { card, hass, part } = cardOf({ week: weekOf(), peaks: [PEAK] });
  card.connectedCallback();
  assert.equal(part("title").textContent, "Import through the week");
  assert.equal(part("week").querySelectorAll(".cell").length, 168);
  assert.equal(part("status").textContent, "");
  assert.deepEqual(hass.asked, []);
  const [first] = part("week").children;
  // Another entity's state changes nothing that is drawn.
  card.hass = { ...hass, states: { ...hass.states, "sensor.power": state(7) } };
  assert.equal(part("week").children[0], first);
  card.hass = { ...hass, states: { ...hass.states, "sensor.recurring": state("none", { week: weekOf(), peaks: [] }) } };
  assert.notEqual(part("week").children[0], first);
  card.disconnectedCallback();
});

test("where there is nothing to draw, the card says why", () => {
  const status = (...given) => {
    const { part } = cardOf(...given);
    assert.equal(part("week").hidden, true);
    return part("status").textContent;
  };
  assert.match(status({ week: [], peaks: [] }, "unknown"), /Nothing is known/);
  assert.match(status({ week: Array(7).fill(Array(24).fill(null)), peaks: [] }, "unknown"), /Nothing is known/);
  assert.match(status({}, "unavailable"), /No telegrams come/);
  assert.match(status({}, "", { known: false }), /cannot be followed/);
  assert.match(status({}, "", { config: { device_id: "gone" } }), /No digital meter found/);
});

test("the card has a stub, a form and a size, and is suggested for what the house does", () => {
  const { hass } = cardOf({});
  assert.deepEqual(HeatmapCard.getStubConfig(hass), { device_id: "meter" });
  assert.deepEqual(HeatmapCard.getConfigForm().schema.map(({ name }) => name), ["device_id", "title"]);
  assert.ok(new HeatmapCard().getCardSize() > 0);
  assert.equal(suggestHeatmap(hass, "sensor.load").config.type, "custom:emucs-heatmap-card");
  assert.equal(suggestHeatmap(hass, "sensor.power"), null);
  assert.equal(suggestHeatmap(homeOf({ devices: { meter: device("meter") } }), "sensor.load"), null);
});
