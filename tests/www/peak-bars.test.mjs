import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { Element, press } from "./page.mjs";
import { homeOf, load, plain } from "./home.mjs";

const { PeakBars } = await load("peak-bars");
const { latestMonths } = await load("format");
const CASES = new URL("../../../shared/cases/card/", import.meta.url);
const MONTHS = latestMonths(Date.now(), 13);

const peak = (month, value, more = {}) => ({ month, peak: value, billed: Math.max(value, 2.5), time: `${month}-09T18:15:00+01:00`, source: "meter", ...more });
const answer = (...months) => ({ months, floor: 2.5, average: null });

function show(peaks, language = "en") {
  const section = new Element("section");
  const bars = new PeakBars(section);
  bars.show(homeOf({ language }), peaks);
  const all = section.querySelectorAll(".bar");
  return { section, bars, all, label: (month) => plain(all.find((bar) => bar.dataset.place === month).getAttribute("aria-label")) };
}

const chosen = (all) => all.filter((bar) => bar.getAttribute("aria-checked") === "true").map((bar) => bar.dataset.place);

test("a month says how high its peak was, and when", () => {
  const { label } = show(answer(peak(MONTHS[11], 3.42), peak(MONTHS[10], 1.2)));
  assert.match(label(MONTHS[11]), /^\w+ \d{4}: 3\.42 kW, \w+ 9, \d{4}, \d+:15/);
  assert.match(label(MONTHS[10]), /; billed as 2\.50 kW$/);
  assert.match(label(MONTHS[0]), /: not known$/);
});

test("an imported peak has no date: it says where it is from", () => {
  const imported = (value) => peak(MONTHS[5], value, { time: null, source: "imported" });
  const wanted = {
    en: "4.20 kW, from the grid operator's export",
    nl: "4,20 kW, uit de export van de netbeheerder",
    fr: "4,20 kW, d'après l'export du gestionnaire de réseau",
    de: "4,20 kW, aus dem Export des Netzbetreibers",
  };
  for (const [language, text] of Object.entries(wanted)) {
    assert.match(show(answer(imported(4.2)), language).label(MONTHS[5]), new RegExp(`^\\S+ \\d{4} ?: ${text}$`));
  }
  assert.match(show(answer(imported(2))).label(MONTHS[5]), /2\.00 kW, from the grid operator's export; billed as 2\.50 kW$/);
});

test("a peak without a time has no date, wherever it is from", () => {
  for (const time of [null, undefined, ""]) {
    assert.match(show(answer(peak(MONTHS[5], 3, { time, source: "history" }))).label(MONTHS[5]), /^\w+ \d{4}: 3\.00 kW$/);
  }
});

test("no answer that was recorded shows a date that it does not have", { skip: !existsSync(CASES) && "no shared cases" }, () => {
  for (const name of readdirSync(CASES)) {
    const peaks = JSON.parse(readFileSync(new URL(name, CASES), "utf8"));
    // The months that are shown depend on the day.
    const months = peaks.months.map((each, index) => ({ ...each, month: MONTHS[index] }));
    const { label } = show({ ...peaks, months });
    months.forEach(({ month, time }) => assert.equal(/, .*\d{4}, \d+:\d\d/.test(label(month)), Boolean(time), name));
    assert.ok(months.every(({ month }) => !label(month).includes("1970")), name);
  }
});

test("the bars are choices of one group, one of them chosen and in the order of the tabulator", () => {
  const { section, all } = show(answer(peak(MONTHS[11], 3.42)));
  assert.equal(section.querySelectorAll('[role="radiogroup"]').length, 1);
  assert.equal(all.length, 13);
  for (const bar of all) {
    assert.deepEqual([bar.tag, bar.getAttribute("type"), bar.getAttribute("role"), bar.getAttribute("aria-pressed")], ["button", "button", "radio", null]);
  }
  assert.deepEqual(chosen(all), [MONTHS[12]]);
  assert.deepEqual(all.filter((bar) => bar.tabIndex === 0).map((bar) => bar.dataset.place), [MONTHS[12]]);
});

test("arrow keys walk through the months, the other way round from right to left", () => {
  const { section, all } = show(answer(peak(MONTHS[11], 3.42)));
  const walk = (key) => {
    press(all.find((bar) => bar.dataset.place === chosen(all)[0]), key);
    return MONTHS.indexOf(chosen(all)[0]);
  };
  const steps = ["ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown", "ArrowRight", "Home", "ArrowLeft", "End"];
  assert.deepEqual(steps.map(walk), [11, 10, 11, 12, 12, 0, 0, 12]);
  section.direction = "rtl";
  assert.deepEqual(["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"].map(walk), [11, 12, 11, 12]);
  assert.equal(press(all[12], "Tab"), true);
  assert.equal(press(all[12], "Home"), false);
});

test("the chosen month is told below, and stays when peaks come anew", () => {
  const { section, bars, all } = show(answer(peak(MONTHS[11], 3.42)));
  section.dispatchEvent({ type: "click", target: all[11] });
  const detail = () => plain(section.querySelector(".detail").textContent);
  assert.match(detail(), /3\.42 kW/);
  bars.show(homeOf(), answer(peak(MONTHS[11], 3.5)));
  assert.match(detail(), /3\.50 kW/);
  assert.deepEqual(chosen(section.querySelectorAll(".bar")), [MONTHS[11]]);
});

test("the line stands where the answer says that is billed at least", () => {
  const { section } = show({ ...answer(peak(MONTHS[11], 5)), floor: 4 });
  assert.match(plain(section.querySelector(".legend").textContent), /billed at least 4\.0 kW/);
  assert.match(section.querySelector(".line").style.bottom, /\* 0\.727\d*\)$/);
  assert.equal(section.querySelectorAll(".peak")[0].style.height, `${100 / 1.1}%`);
});

test("without that there is no line, and bars all the same", () => {
  const { section } = show({ months: [peak(MONTHS[11], 5)], average: null });
  assert.equal(section.querySelector(".line"), null);
  assert.equal(section.querySelector(".legend").textContent, "");
  assert.equal(section.querySelectorAll(".peak")[0].style.height, `${100 / 1.1}%`);
});

test("the mean is said of one month and of several", () => {
  const legend = (known_months) => plain(show({ ...answer(peak(MONTHS[11], 3)), average: { value: 3, known_months } }).section.querySelector(".legend").textContent);
  assert.match(legend(1), /Average monthly peak, 1 month: 3\.00 kW$/);
  assert.match(legend(7), /Average monthly peak, 7 months: 3\.00 kW$/);
});

test("what could not be read, and what is not there, is said", () => {
  assert.match(show(null).section.textContent, /cannot be read now/);
  assert.match(show(answer()).section.textContent, /No monthly peak is known yet/);
  assert.equal(show(undefined).section.textContent, "");
});
