import assert from "node:assert/strict";
import { test } from "node:test";

import { Element, press } from "./page.mjs";
import { homeOf, load, plain } from "./home.mjs";
import { answerOf, midnight, NIGHT } from "./day.mjs";

const { QuarterBars } = await load("quarter-bars");
const AIM = { key: "aim", power: 3 };
const POWERS = [1, 4.25, null, 0, 3];

function show(test, { answer = answerOf({ today: 5, imported: (place) => POWERS[place] }), level = AIM, language = "en", now = NIGHT + 8 * 900_000 } = {}) {
  test.mock.timers.enable({ apis: ["Date"], now });
  const section = new Element("section");
  const bars = new QuarterBars(section);
  const hass = homeOf({ language });
  hass.locale.time_format = "24";
  bars.show(hass, answer, level);
  const all = section.querySelectorAll(".bar");
  return { section, bars, hass, all, labels: all.map((bar) => plain(bar.getAttribute("aria-label"))), text: (name) => plain(section.querySelector(name).textContent) };
}

const chosen = (section) => section.querySelectorAll(".bar").findIndex((bar) => bar.getAttribute("aria-checked") === "true");

test("a quarter says what it came to, and how far that is above the target", (t) => {
  const { labels, all } = show(t);
  assert.deepEqual(labels, [
    "00:00–00:15: 1.00 kW",
    "00:15–00:30: 4.25 kW, 1.25 kW above the target",
    "00:30–00:45: not known",
    "00:45–01:00: 0.00 kW",
    "01:00–01:15: 3.00 kW",
  ]);
  assert.deepEqual(all.map((bar) => bar.matches(".over")), [false, true, false, false, false]);
});

test("a quarter that is above the target by less than is shown is at it", (t) => {
  const { labels } = show(t, { answer: answerOf({ imported: () => 3.004 }) });
  assert.match(labels[0], /3\.00 kW$/);
});

test("it does so in all languages", (t) => {
  const wanted = { nl: "00:15–00:30: 4,25 kW, 1,25 kW boven de streefwaarde", fr: "00:15–00:30 : 4,25 kW, 1,25 kW au-dessus de l'objectif", de: "00:15–00:30: 4,25 kW, 1,25 kW über dem Zielwert" };
  for (const [language, text] of Object.entries(wanted)) {
    assert.equal(show(t, { language }).labels[1], text);
    t.mock.timers.reset();
  }
});

test("the bars are those of the quarters that have ended, and the rest of the day is left free", (t) => {
  const { section, all } = show(t);
  assert.equal(section.querySelectorAll('[role="radiogroup"]').length, 1);
  assert.equal(all.length, 5);
  assert.equal(section.querySelector(".rest").style.flexGrow, 91);
  assert.deepEqual(section.querySelector(".hours").children.map((each) => each.textContent), ["00:00", "06:00", "12:00", "18:00"]);
  // The latest one is chosen, and told.
  assert.equal(chosen(section), 4);
  assert.deepEqual(all.filter((bar) => bar.tabIndex === 0), [all[4]]);
});

test("a day with an hour more has room for it", (t) => {
  const begin = midnight("2026-10-25", "+02:00");
  const { section } = show(t, { answer: answerOf({ begin, today: 5 }), now: begin + 8 * 900_000 });
  assert.equal(section.querySelector(".rest").style.flexGrow, 95);
});

test("arrow keys walk through the quarters", (t) => {
  const { section, all } = show(t);
  const walk = (key) => {
    press(all[chosen(section)], key);
    return chosen(section);
  };
  assert.deepEqual(["ArrowLeft", "ArrowUp", "Home", "ArrowLeft", "ArrowRight", "End", "ArrowDown"].map(walk), [3, 2, 0, 0, 1, 4, 4]);
  section.direction = "rtl";
  assert.deepEqual(["ArrowRight", "ArrowLeft"].map(walk), [3, 4]);
});

test("a finger chooses the bar that is below it", (t) => {
  const { section, all } = show(t);
  all.forEach((bar, place) => (bar.getBoundingClientRect = () => ({ right: 10 * (place + 1) })));
  const move = (clientX, pointerType) => {
    section.dispatchEvent({ type: "pointermove", clientX, pointerType, target: all[0] });
    return chosen(section);
  };
  assert.equal(move(15, "mouse"), 4);
  assert.equal(move(15, "touch"), 1);
  assert.equal(move(34, "touch"), 3);
  assert.equal(move(400, "touch"), 3);
});

test("the latest quarter stays the chosen one, and one that the user has chosen stays that", (t) => {
  const { section, bars, hass, all, text } = show(t);
  bars.show(hass, answerOf({ today: 6 }), AIM);
  assert.equal(chosen(section), 5);
  section.dispatchEvent({ type: "click", target: section.querySelectorAll(".bar")[1] });
  bars.show(hass, answerOf({ today: 7 }), AIM);
  assert.equal(chosen(section), 1);
  assert.match(text(".detail"), /^00:15/);
  assert.equal(all.length, 5);
});

test("the line is the target, by the name that it has", (t) => {
  const { section, text } = show(t);
  assert.match(text(".legend"), /^Your target 3\.0 kW$/);
  assert.match(section.querySelector(".line").style.bottom, /\* 0\.641\d*\)$/);
  t.mock.timers.reset();
  const floor = show(t, { level: { key: "floor", power: 2.5 } });
  assert.match(floor.text(".legend"), /^billed at least 2\.5 kW$/);
  assert.match(floor.labels[1], /, 1\.75 kW above what is billed at least$/);
  t.mock.timers.reset();
  const without = show(t, { level: { key: "target", power: null } });
  assert.equal(without.section.querySelector(".line"), null);
  assert.ok(without.all.every((bar) => !bar.matches(".over")));
  t.mock.timers.reset();
  const still = show(t, { answer: answerOf({ imported: () => 0 }), level: { key: "target", power: null } });
  assert.equal(still.section.querySelectorAll(".peak")[0].style.height, "0%");
});

test("the highest quarter has its number on top", (t) => {
  const { section, all } = show(t);
  assert.deepEqual(section.querySelectorAll(".value").map((each) => each.textContent), ["4.3"]);
  assert.equal(all[1].querySelectorAll(".value").length, 1);
  t.mock.timers.reset();
  assert.equal(show(t, { answer: answerOf({ imported: () => 0 }) }).section.querySelectorAll(".value").length, 0);
});

test("where there are no quarters, that is said", (t) => {
  const said = (answer) => {
    const { section } = show(t, { answer });
    t.mock.timers.reset();
    return section.textContent;
  };
  assert.match(said(null), /cannot be read now/);
  assert.match(said(answerOf({ today: 0 })), /No quarter-hour of today is known yet/);
  assert.match(said(answerOf({ imported: () => null })), /No quarter-hour of today is known yet/);
  assert.match(said(answerOf({ begin: NIGHT - 86_400_000 })), /No quarter-hour of today is known yet/);
  assert.equal(show(t, { answer: undefined }).section.children.length > 0, true);
});
