import assert from "node:assert/strict";
import { test } from "node:test";

import "./page.mjs";
import { device, entities, homeOf, load, plain, quarterStates, state } from "./home.mjs";
import { answerOf, midnight } from "./day.mjs";

const { dayIn } = await load("format");
const { QuarterCard, suggestCard } = await load("quarter-card");
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function cardOf(hass, config = {}) {
  const card = new QuarterCard();
  card.setConfig(config);
  card.hass = hass;
  await settled();
  return { card, text: (name) => plain(card._parts[name].textContent), part: (name) => card._parts[name] };
}

test("the card shows the quarter", async () => {
  const hass = homeOf();
  const { card, text, part } = await cardOf(hass);
  const shown = Object.fromEntries(["title", "forecast", "so_far", "target", "budget", "estimated"].map((name) => [name, text(name)]));
  assert.deepEqual(shown, { title: "Quarter-hour peak", forecast: "2.00 kW", so_far: "1.00 kW", target: "4.00 kW", budget: "6.00 kW", estimated: "" });
  assert.equal(part("card").dataset.level, "within");
  assert.match(part("gauge").getAttribute("aria-label"), /^Details of the forecast: Forecast 2/);
  assert.equal(card.hass, hass);
});

test("every button is one, and no form's", async () => {
  const { card } = await cardOf(homeOf());
  card.shadowRoot.querySelectorAll("button").forEach((each) => assert.equal(each.getAttribute("type"), "button"));
});

test("a target that is passed is said instead of the budget", async () => {
  const states = quarterStates({ demand_forecast: state(5, { so_far: 4.3 }), demand_budget: state(-12, { target: 4 }) });
  const { text, part } = await cardOf(homeOf({ states, language: "nl" }));
  assert.deepEqual([text("budget_label"), text("budget")], ["Erboven", "0,30 kW"]);
  assert.equal(text("status"), "Dit kwartier zit 0,30 kW boven de streefwaarde.");
  assert.equal(part("card").dataset.level, "passed");
});

test("a screen reader is told what changes for long, and nothing at first", async () => {
  const { card, text } = await cardOf(homeOf());
  const become = (more) => {
    card.hass = homeOf({ states: quarterStates(more) });
    return text("announcement");
  };
  assert.equal(text("announcement"), "");
  assert.equal(become({ peak_warning: state("on") }), "");
  assert.match(become({ peak_alarm: state("on") }), /^The target will be passed\. Draw no more/);
  assert.match(become({ peak_alarm: state("on"), demand_budget: state(3, { target: 4 }) }), /no more than 6/);
});

test("peaks are asked for once, and again when something tells that there may be others", async () => {
  const hass = homeOf();
  const { card } = await cardOf(hass);
  const peaks = () => hass.asked.filter(({ service }) => service === "get_peaks").length;
  const asked = async (more) => {
    card.hass = { ...hass, states: { ...hass.states, ...more } };
    await settled();
    return peaks();
  };
  assert.equal(peaks(), 1);
  assert.equal(await asked({ "sensor.forecast": state(3) }), 1);
  assert.equal(await asked({ "sensor.month_peak": state(4) }), 2);
  // Home Assistant has stopped: nobody would answer.
  card.hass = { ...hass, states: {} };
  await settled();
  assert.equal(peaks(), 2);
});

test("what is billed at least comes with the peaks, also where they are not shown", async () => {
  const states = quarterStates({ peak_target: state(3) });
  const { text, part } = await cardOf(homeOf({ states }), { show_peaks: false });
  assert.equal(part("peaks").hidden, true);
  assert.match(text("status"), /^Within this month's peak/);
});

test("peaks that cannot be read leave the quarter as it is", async () => {
  const { text } = await cardOf(homeOf({ peaks: new Error("no entry") }));
  assert.match(text("peaks"), /cannot be read now/);
  assert.match(text("status"), /^Within the target\./);
});

test("without a meter, or without its quarter, the card says what to do", async () => {
  const none = await cardOf({ ...homeOf(), devices: {} });
  assert.match(none.text("status"), /^No digital meter found\./);
  const plainMeter = await cardOf({ ...homeOf(), entities: {} });
  assert.match(plainMeter.text("status"), /^This meter cannot be followed/);
  assert.equal(plainMeter.part("quarter").hidden, true);
  assert.equal((await cardOf(homeOf(), { device_id: "gone" })).part("card").dataset.level, "no_meter");
});

test("several meters need their names", async () => {
  const devices = { meter: device("meter"), second: device("second", { created_at: 2 }) };
  assert.equal((await cardOf(homeOf({ devices }))).text("title"), "Quarter-hour peak · meter");
  assert.equal((await cardOf(homeOf({ devices }), { title: "Mine" })).text("title"), "Mine");
});

test("a configuration that is none is refused", () => {
  const card = new QuarterCard();
  for (const config of [{ device_id: 3 }, { title: true }, { show_peaks: "yes" }]) {
    assert.throws(() => card.setConfig(config), /must be a/);
    assert.throws(() => QuarterCard.getConfigForm().assertConfig(config), /must be a/);
  }
  assert.deepEqual(QuarterCard.getStubConfig(homeOf()), { device_id: "meter" });
});

test("the card is suggested for what it shows", () => {
  const hass = homeOf();
  assert.deepEqual(suggestCard(hass, "sensor.budget"), { config: { type: "custom:emucs-quarter-card", device_id: "meter" } });
  assert.equal(suggestCard(hass, "binary_sensor.link"), null);
  assert.equal(suggestCard(hass, "light.kitchen"), null);
  const without = { ...hass, entities: entities("meter", { month_peak: "sensor.month_peak" }) };
  assert.equal(suggestCard(without, "sensor.month_peak"), null);
});

test("the target is set by buttons of half a kilowatt, or typed", async () => {
  const called = [];
  const { part } = await cardOf(homeOf({ callService: (...each) => called.push(each) }));
  assert.equal(part("aim_field").value, "4");
  part("aim_more").dispatchEvent({ type: "click" });
  part("aim_more").dispatchEvent({ type: "click" });
  part("aim_less").dispatchEvent({ type: "click" });
  part("aim_field").value = "3.3";
  part("aim_field").dispatchEvent({ type: "change" });
  part("aim_less").dispatchEvent({ type: "click" });
  part("aim_field").value = "-1";
  part("aim_field").dispatchEvent({ type: "change" });
  assert.deepEqual(called.map(([, , { value }]) => value), [4.5, 5, 4.5, 3.3, 3, 0]);
  assert.deepEqual(called[0], ["number", "set_value", { entity_id: "number.target", value: 4.5 }]);
});

test("what is in effect instead of the target is said", async () => {
  const states = (more) => ({ states: quarterStates(more), peaks: { months: [], floor: 2.5, average: null } });
  const note = async (more) => (await cardOf(homeOf(states(more)))).text("aim_note");
  assert.equal(await note({}), "");
  assert.match(await note({ peak_target: state(3) }), /^Until \w+ 1, 4\.00 kW is in effect/);
  assert.match(await note({ peak_target: state(2), demand_budget: state(1, { target: 2.5 }) }), /^At least 2\.5 kW is billed/);
  const { part } = await cardOf(homeOf(states({ peak_target: state(3000, {}, "W") })));
  assert.equal(part("aim").hidden, true);
});

test("what a peak would cost is said", async () => {
  const hass = homeOf({ states: { ...quarterStates({ demand_forecast: state(5, { so_far: 1 }) }), "sensor.price": state(5, {}, "EUR/kW") } });
  hass.states["sensor.price"] = state(5, {}, "EUR/kW");
  Object.assign(hass.entities, entities("capacity", { peak_kw_price: "sensor.price" }));
  assert.match((await cardOf(hass)).text("cost"), /€10\.00 more/);
});

test("today's quarters stand against what the user wants, and are asked for once a quarter", async () => {
  const hass = homeOf({ peaks: { ...answerOf({ begin: midnight(dayIn(Date.now())), today: 3, imported: (place) => place * 2 }), months: [], floor: 2.5, average: null } });
  const { card, part } = await cardOf(hass);
  const today = () => hass.asked.filter(({ service: action }) => action === "get_forecast").length;
  const legend = () => plain(part("today").querySelector(".legend").textContent);
  assert.equal(part("today").querySelectorAll(".bar").length, 3);
  assert.equal(legend(), "Your target 4.0 kW");
  const become = async (more) => {
    card.hass = { ...hass, states: { ...card.hass.states, ...more } };
    await settled();
  };
  await become({ "number.target": state(3, {}, "kW") });
  assert.equal(legend(), "Your target 3.0 kW");
  assert.equal(part("today").querySelectorAll(".over").length, 1);
  // Less than what is billed anyway saves nothing.
  await become({ "number.target": state(1, {}, "kW") });
  assert.equal(legend(), "billed at least 2.5 kW");
  assert.equal(today(), 1);
  await become({ "sensor.forecast": state(3, { so_far: 1, quarter_end: hass.states["sensor.forecast"].attributes.quarter_end }) });
  assert.equal(today(), 1);
  await become({ "sensor.forecast": state(3, { so_far: 1, quarter_end: "2026-11-12T18:30:00+01:00" }) });
  assert.equal(today(), 2);
});

test("without a target of the user, today's quarters stand against the one in effect", async () => {
  const hass = homeOf({ peaks: { ...answerOf({ begin: midnight(dayIn(Date.now())), today: 3 }), months: [] } });
  delete hass.entities["number.target"];
  const { part } = await cardOf(hass);
  assert.equal(plain(part("today").querySelector(".legend").textContent), "Target 4.0 kW");
});

test("who wants no bars asks for no quarters", async () => {
  const hass = homeOf();
  const { part } = await cardOf(hass, { show_peaks: false });
  assert.equal(part("today").hidden, true);
  assert.deepEqual(hass.asked.map(({ service: action }) => action), ["get_peaks"]);
});
