import assert from "node:assert/strict";
import { test } from "node:test";

import "./page.mjs";
import { load } from "./home.mjs";
import { answerOf, midnight, NIGHT } from "./day.mjs";

const { areaOf, bandsOf, dayOf, HEIGHT, lineOf, QUARTER, rowOf, scaleOf, ticksOf, WIDTH } = await load("day");
const HOUR = 4 * QUARTER;
const NOON = NIGHT + 12 * HOUR;

test("a day has 96 quarters, and fewer or more where the clock changes", () => {
  for (const [day, offset, length] of [["2026-11-26", "+01:00", 96], ["2026-03-29", "+01:00", 92], ["2026-10-25", "+02:00", 100]]) {
    const begin = midnight(day, offset);
    assert.equal(dayOf(answerOf({ begin }), begin + HOUR).length, length, day);
  }
});

test("yesterday is not taken for today", () => {
  assert.equal(dayOf(answerOf(), NIGHT + 24 * HOUR - 1).quarters.length, 4);
  assert.deepEqual(dayOf(answerOf(), NIGHT + 24 * HOUR), { quarters: [], length: 0 });
  assert.deepEqual(dayOf(null, NOON), { quarters: [], length: 0 });
  assert.deepEqual(dayOf(answerOf({ today: 0 }), NOON).quarters, []);
});

test("the forecast goes on where the measured quarters end", () => {
  const row = rowOf(answerOf({ imported: (place) => (place === 2 ? null : place) }), NOON);
  assert.deepEqual(row.map(({ begin }) => (begin - NIGHT) / QUARTER), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(row.map(({ isForecast }) => isForecast), [false, false, false, false, true, true, true, true]);
  assert.deepEqual([row[1].imported, row[2].imported], [{ mean: 1, low: 1, high: 1 }, null]);
  assert.deepEqual(row[5].imported, { mean: 5, low: 2.5, high: 10 });
});

test("no quarter is in the row twice, and what is not forecast is no part of it", () => {
  const answer = answerOf();
  answer.slots.unshift({ ...answer.slots[0], begin: answer.today[3].begin });
  assert.equal(rowOf(answer, NOON).length, 8);
  const unknown = answerOf({ today: 4, ahead: 96 });
  unknown.slots.forEach((each) => Object.assign(each, { import: null, export: null }));
  assert.equal(rowOf(unknown, NOON).length, 4);
});

test("without today there is the forecast, and without both nothing", () => {
  assert.equal(rowOf(answerOf({ today: 0 }), NOON).length, 4);
  assert.deepEqual(rowOf(answerOf({ today: 0, ahead: 0 }), NOON), []);
  assert.deepEqual(rowOf({}, NOON), []);
});

test("the scale ends at round numbers, import above zero and export below", () => {
  const scale = scaleOf(rowOf(answerOf({ imported: () => 1.4, exported: () => 0.9 }), NOON));
  assert.deepEqual([scale.top, scale.bottom], [3, 2]);
  assert.equal(scale.y("imported", 0), (HEIGHT * 3) / 5);
  assert.equal(scale.y("imported", 3), 0);
  assert.equal(scale.y("exported", 2), HEIGHT);
  assert.deepEqual([scale.x(NIGHT - HOUR), scale.x(NIGHT + HOUR), scale.x(NIGHT + 9 * HOUR)], [0, WIDTH / 2, WIDTH]);
});

test("a house at rest, and one that exports nothing, have a scale", () => {
  const scale = scaleOf(rowOf(answerOf({ imported: () => 0 }), NOON));
  assert.deepEqual([scale.top, scale.bottom], [0.5, 0]);
  const unknown = scaleOf(rowOf(answerOf({ ahead: 0, imported: () => null, exported: () => null }), NOON));
  assert.deepEqual([unknown.top, unknown.bottom], [0.5, 0]);
});

test("the line has a step for each quarter, and a gap where one is not known", () => {
  const row = rowOf(answerOf({ ahead: 0, imported: (place) => [1, 0.5, null, 1][place] }), NOON);
  assert.equal(lineOf(row, "imported", scaleOf(row)), "M0.0 0.0H250.0V100.0H500.0M750.0 0.0H1000.0");
});

test("the area of a quarter is from zero to its mean, the shade from low to high", () => {
  const row = rowOf(answerOf({ today: 1, ahead: 1 }), NOON);
  const scale = scaleOf(row);
  assert.equal(areaOf(row.slice(0, 1), "imported", ["none", "mean"], scale), "M0.0 100.0H500.0V200.0H0.0Z");
  assert.equal(areaOf(row.slice(1), "imported", ["low", "high"], scale), "M500.0 0.0H1000.0V150.0H500.0Z");
});

test("each sixth hour of the clock has a tick, also where the clock changes", () => {
  const hours = ({ begin, end }) => ticksOf({ begin, end }).map(({ time }) => (time - begin) / HOUR);
  assert.deepEqual(hours({ begin: NIGHT, end: NIGHT + 36 * HOUR }), [0, 6, 12, 18, 24, 30]);
  const spring = midnight("2026-03-29");
  assert.deepEqual(hours({ begin: spring, end: spring + 24 * HOUR }), [0, 5, 11, 17, 23]);
  assert.deepEqual(ticksOf({ begin: NIGHT, end: NIGHT + 25 * HOUR }).map(({ isMidnight, isHalf }) => [isMidnight, isHalf]), [[true, true], [false, false], [false, true], [false, false], [true, true]]);
});

test("a row that begins within an hour has its ticks at full hours", () => {
  const ticks = ticksOf({ begin: NIGHT + 5 * HOUR + QUARTER, end: NIGHT + 13 * HOUR });
  assert.deepEqual(ticks.map(({ time }) => (time - NIGHT) / HOUR), [6, 12]);
});

test("bands are cut to what is shown", () => {
  const iso = (hours) => new Date(NIGHT + hours * HOUR).toISOString();
  const bands = [["night", -2, 7], ["day", 7, 22], ["night", 22, 31], ["day", 31, 48]].map(([band, begin, end]) => ({ band, begin: iso(begin), end: iso(end) }));
  const shown = bandsOf({ bands }, { begin: NIGHT, end: NIGHT + 25 * HOUR });
  assert.deepEqual(shown.map(({ band, begin, end }) => [band, (begin - NIGHT) / HOUR, (end - NIGHT) / HOUR]), [["night", 0, 7], ["day", 7, 22], ["night", 22, 25]]);
  assert.deepEqual(bandsOf({}, { begin: NIGHT, end: NOON }), []);
});
