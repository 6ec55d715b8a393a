import assert from "node:assert/strict";
import { test } from "node:test";

import { press } from "./page.mjs";
import { device, entities, homeOf, load, plain, service, state } from "./home.mjs";
import { answerOf, NIGHT } from "./day.mjs";

const { DayCard, suggestDayCard } = await load("day-card");
const QUARTER = 900_000;
const settled = () => new Promise((resolve) => setImmediate(resolve));
const BANDS = [
  { begin: new Date(NIGHT - QUARTER).toISOString(), end: new Date(NIGHT + 3 * QUARTER).toISOString(), band: "night" },
  { begin: new Date(NIGHT + 3 * QUARTER).toISOString(), end: new Date(NIGHT + 99 * QUARTER).toISOString(), band: "day" },
];

/** The card of a meter with a household, at the begin of the fifth quarter of a day. */
async function cardOf(t, { answer = answerOf(), value = "0.4", language = "en", known = true, bands = false, config = {} } = {}) {
  t.mock.timers.enable({ apis: ["Date"], now: NIGHT + 4 * QUARTER + 5000 });
  const hass = homeOf({ language, peaks: answer, formatEntityState: (_, band) => ({ night: "Night", day: "Day" })[band] });
  hass.locale.time_format = "24";
  hass.devices.household = service("household", "meter");
  if (known) {
    Object.assign(hass.entities, entities("household", { load_forecast: "sensor.load", ...(bands && { time_band: "sensor.band" }) }));
    Object.assign(hass.states, { "sensor.load": state(value, { forecast: [{ begin: "now" }] }), ...(bands && { "sensor.band": state("day") }) });
  }
  const card = new DayCard();
  card.setConfig(config);
  card.hass = hass;
  card.connectedCallback();
  t.after(() => card.disconnectedCallback());
  await settled();
  const part = (name) => card.shadowRoot.querySelector(`[data-part="${name}"]`);
  part("chart").getBoundingClientRect = () => ({ left: 100, width: 800 });
  return { card, hass, part, text: (name) => plain(part(name).textContent), spoken: () => plain(part("chart").getAttribute("aria-valuetext")) };
}

test("the card draws the day, and tells of the quarter that is running", async (t) => {
  const { part, text, spoken, hass } = await cardOf(t);
  assert.equal(part("day").hidden, false);
  assert.equal(text("status"), "");
  assert.equal(text("title"), "Today and the next 24 hours");
  assert.match(part("imported_line").getAttribute("d"), /^M0\.0 100\.0H125\.0V100\.0/);
  assert.match(part("imported_forecast").getAttribute("d"), /^M500\.0 100\.0/);
  assert.match(part("imported_shade").getAttribute("d"), /^M500\.0 0\.0H625\.0V150\.0/);
  assert.equal(part("exported_line").getAttribute("d"), "");
  assert.deepEqual([text("top"), text("bottom")], ["2 kW", ""]);
  assert.equal(text("detail"), "01:00–01:15, forecast: 1.00 kW (0.50 to 2.00 kW) from the grid");
  assert.equal(spoken(), text("detail"));
  assert.equal(part("cursor").hidden, true);
  assert.equal(part("now").style.left.slice(0, 4), "50.0");
  assert.deepEqual(hass.asked.map(({ service: action, service_data: data }) => [action, data]), [["get_forecast", { config_entry_id: "entry" }]]);
});

test("the chart is a slider over the quarters", async (t) => {
  const { part } = await cardOf(t);
  const chart = part("chart");
  const value = (name) => chart.getAttribute(name);
  assert.deepEqual(["role", "tabindex", "aria-valuemin", "aria-valuemax", "aria-valuenow", "aria-label"].map(value), ["slider", "0", "0", "7", "4", "Today and the next 24 hours"]);
  const walk = (key) => {
    press(chart, key);
    return Number(value("aria-valuenow"));
  };
  assert.deepEqual(["ArrowLeft", "ArrowDown", "ArrowRight", "ArrowUp", "PageDown", "PageDown", "PageUp", "End", "ArrowRight", "Home"].map(walk), [3, 2, 3, 4, 0, 0, 4, 7, 7, 0]);
  assert.equal(part("cursor").hidden, false);
  assert.equal(part("cursor").style.left, "6.25%");
  assert.equal(press(chart, "Tab"), true);
  assert.equal(press(chart, "Home"), false);
});

test("what is pointed at is told, and the running quarter again afterwards", async (t) => {
  const { part, text } = await cardOf(t);
  const chart = part("chart");
  chart.dispatchEvent({ type: "pointermove", clientX: 250 });
  assert.equal(text("detail"), "00:15–00:30: 1.00 kW from the grid");
  chart.dispatchEvent({ type: "pointerdown", clientX: 899 });
  assert.match(text("detail"), /^01:45–02:00, forecast/);
  // A finger that is lifted leaves it.
  chart.dispatchEvent({ type: "pointerleave", pointerType: "touch" });
  assert.match(text("detail"), /^01:45–02:00, forecast/);
  chart.dispatchEvent({ type: "pointerleave", pointerType: "mouse" });
  assert.match(text("detail"), /^01:00–01:15/);
  press(chart, "Home");
  assert.match(text("detail"), /^00:00–00:15/);
  chart.dispatchEvent({ type: "blur" });
  assert.match(text("detail"), /^01:00–01:15/);
});

test("export is below zero, and is told where there is some", async (t) => {
  const { part, text } = await cardOf(t, { answer: answerOf({ exported: (place) => (place === 1 ? 3 : 0) }) });
  assert.deepEqual([text("top"), text("bottom")], ["2 kW", "3 kW"]);
  assert.equal(part("exported_line").getAttribute("d"), "M125.0 200.0H250.0");
  assert.match(text("legend"), /From the gridTo the gridForecast/);
  press(part("chart"), "Home");
  assert.equal(text("detail"), "00:00–00:15: 1.00 kW from the grid");
  press(part("chart"), "ArrowRight");
  assert.equal(text("detail"), "00:15–00:30: 1.00 kW from the grid, 3.00 kW to the grid");
});

test("a quarter of which nothing is known says so", async (t) => {
  const { part, text } = await cardOf(t, { answer: answerOf({ imported: (place) => (place === 1 ? null : 1), exported: () => null }) });
  press(part("chart"), "Home");
  press(part("chart"), "ArrowRight");
  assert.equal(text("detail"), "00:15–00:30: not known");
});

test("a day that begins later is named on the axis", async (t) => {
  const { part } = await cardOf(t, { answer: answerOf({ today: 8, ahead: 96 }) });
  assert.deepEqual(part("axis").children.map((each) => each.textContent), ["Thu", "06:00", "12:00", "18:00", "Fri"]);
});

test("a quarter of tomorrow has the name of its day", async (t) => {
  const { part, text } = await cardOf(t, { answer: answerOf({ ahead: 96 }) });
  press(part("chart"), "End");
  assert.match(text("detail"), /^Friday, 00:45–01:00, forecast/);
  // At the very end there is no room for a name.
  assert.deepEqual(part("axis").children.map((each) => each.textContent), ["Thu", "06:00", "12:00", "18:00"]);
});

test("time bands stand behind the day, and are told", async (t) => {
  const { part, text } = await cardOf(t, { answer: answerOf({ bands: BANDS }), bands: true });
  const drawn = part("bands").children;
  assert.deepEqual(drawn.map((each) => [each.style.left, each.style.width]), [["0%", "37.5%"], ["37.5%", "62.5%"]]);
  assert.match(text("legend"), /ForecastNightDay$/);
  assert.deepEqual(drawn.map((each) => [each.matches(".cheap"), each.matches(".dear")]), [[true, false], [false, true]]);
  assert.match(text("detail"), / · Day$/);
  press(part("chart"), "Home");
  assert.match(text("detail"), / · Night$/);
});

test("a band without its entity is called by its key", async (t) => {
  const { text } = await cardOf(t, { answer: answerOf({ bands: BANDS }) });
  assert.match(text("legend"), /Forecastnightday$/);
});

test("how good the forecast is, is said in all languages", async (t) => {
  const wanted = {
    en: "The forecast of import has been off by 0.21 kW on average; 91% of quarter-hours were within its shade.",
    nl: "De verwachte afname zat er gemiddeld 0,21 kW naast; 91% van de kwartieren lag binnen de schaduw.",
    fr: "La prévision du prélèvement s'est écartée de 0,21 kW en moyenne ; 91 % des quarts d'heure étaient dans la zone ombrée.",
    de: "Die Prognose des Bezugs lag im Mittel um 0,21 kW daneben; 91 % der Viertelstunden lagen im schattierten Bereich.",
  };
  for (const [language, note] of Object.entries(wanted)) {
    const { text } = await cardOf(t, { language, answer: answerOf({ score: { mean_error: 0.21, share_within_band: 91 } }) });
    assert.equal(text("note"), note);
    t.mock.timers.reset();
  }
  assert.equal((await cardOf(t)).text("note"), "");
});

test("until there is a forecast, today's quarters are shown, and that it learns", async (t) => {
  const { part, text } = await cardOf(t, { value: "unknown", answer: answerOf({ ahead: 0 }) });
  assert.equal(part("day").hidden, false);
  assert.match(text("note"), /needs a few days/);
  assert.doesNotMatch(text("legend"), /Forecast/);
  assert.match(text("detail"), /^00:45–01:00: 1\.00 kW/);
});

test("where there is nothing to draw, the card says why", async (t) => {
  const status = async (more) => {
    const { part, text } = await cardOf(t, more);
    t.mock.timers.reset();
    assert.equal(part("day").hidden, true);
    return text("status");
  };
  assert.match(await status({ answer: answerOf({ today: 0, ahead: 0 }) }), /No quarter-hour of today is known yet/);
  assert.match(await status({ answer: new Error("not loaded") }), /cannot be read now/);
  assert.match(await status({ value: "unavailable" }), /No telegrams come/);
  assert.match(await status({ known: false }), /cannot be followed/);
  assert.match(await status({ config: { device_id: "gone" } }), /No digital meter found/);
});

test("the day is asked for anew when the forecast, or the quarter, is another one", async (t) => {
  const { card, hass } = await cardOf(t);
  const become = async (states) => {
    card.hass = { ...hass, states: { ...card.hass.states, ...states } };
    await settled();
    return hass.asked.length;
  };
  assert.equal(await become({ "sensor.power": state(7) }), 1);
  assert.equal(await become({ "sensor.load": state("0.4", { forecast: [{ begin: "later" }] }) }), 2);
  assert.equal(await become({ "sensor.forecast": state(1, { quarter_end: "later" }) }), 3);
  // What was shown stays while the meter is lost.
  assert.equal(await become({ "sensor.load": state("unavailable") }), 3);
  assert.equal(card._parts.day.hidden, false);
});

test("with time, another quarter is the running one, until the user has chosen his own", async (t) => {
  const { card, part, text } = await cardOf(t);
  const pass = (places) => {
    t.mock.timers.setTime(NIGHT + places * QUARTER);
    card._tick();
    return text("detail").slice(0, 5);
  };
  assert.equal(pass(5), "01:15");
  press(part("chart"), "ArrowLeft");
  assert.equal(pass(6), "01:00");
  assert.equal(pass(7.5), "01:00");
  assert.equal(pass(9), "01:00");
  assert.equal(part("now").hidden, true);
});

test("the card has a stub, a form and a size, and is suggested for what is to come", async (t) => {
  const { hass } = await cardOf(t);
  assert.deepEqual(DayCard.getStubConfig(hass), { device_id: "meter" });
  assert.deepEqual(DayCard.getConfigForm().schema.map(({ name }) => name), ["device_id", "title"]);
  assert.ok(new DayCard().getCardSize() > 0);
  assert.equal(suggestDayCard(hass, "sensor.load").config.type, "custom:emucs-day-card");
  assert.equal(suggestDayCard(hass, "sensor.power"), null);
  assert.equal(suggestDayCard(homeOf({ devices: { meter: device("meter") } }), "sensor.load"), null);
});
