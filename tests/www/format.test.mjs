import assert from "node:assert/strict";
import { test } from "node:test";

import { homeOf, load, plain } from "./home.mjs";

const { formatMonth, formatNumber, formatPower, formatSeconds, formatTime, latestMonths } = await load("format");
const home = (number_format, time_format = "language", language = "nl") => ({ locale: { language, number_format, time_format } });

test("numbers are written as the user has set it", () => {
  const wanted = { language: "1.234,5", comma_decimal: "1,234.5", decimal_comma: "1.234,5", space_comma: "1 234,5", none: "1234.5" };
  for (const [format, text] of Object.entries(wanted)) {
    assert.equal(plain(formatNumber(home(format), 1234.5, 1)), text, format);
  }
  assert.equal(formatNumber({ language: "de" }, 0.5, 2), "0,50");
});

test("a power has its unit, and a dash where it is not known", () => {
  assert.equal(formatPower(homeOf(), 3.416), "3.42\u00a0kW");
  assert.equal(formatPower(homeOf(), 0), "0.00\u00a0kW");
  assert.equal(formatPower(homeOf(), null), "–");
});

test("nothing is below zero by less than is shown", () => {
  assert.equal(formatNumber(homeOf(), -0.004, 2), "0.00");
  assert.equal(formatNumber(homeOf(), -0.006, 2), "-0.01");
});

test("a time is that of the meter's clock, in the user's hours", () => {
  assert.equal(plain(formatTime(home("language", "24"), "2026-11-12T17:15:00+00:00")), "12 nov 2026, 18:15");
  assert.match(plain(formatTime(home("language", "12", "en"), "2026-07-12T17:15:00+02:00")), /^Jul 12, 2026, 5:15 PM$/);
});

test("a time that is not known is no date", () => {
  for (const nothing of [null, undefined, "", "unknown"]) {
    assert.equal(formatTime(homeOf(), nothing), "");
  }
});

test("seconds are minutes and seconds", () => {
  const wanted = [[0, "0:00"], [9.4, "0:09"], [59.6, "1:00"], [899, "14:59"], [-3, "0:00"]];
  wanted.forEach(([seconds, text]) => assert.equal(formatSeconds(seconds), text));
});

test("a month is named in any width, wherever the browser is", () => {
  assert.equal(formatMonth(homeOf({ language: "fr" }), "2026-11", "long"), "novembre 2026");
  assert.equal(formatMonth(homeOf(), "2026-01", "short"), "Jan");
  assert.equal(formatMonth(homeOf(), "2026-01", "narrow"), "J");
});

test("the latest months end with that of Belgium, also over the end of a year", () => {
  assert.deepEqual(latestMonths(Date.parse("2026-01-31T23:30:00Z"), 3), ["2025-12", "2026-01", "2026-02"]);
  assert.deepEqual(latestMonths(Date.parse("2026-01-31T22:30:00Z"), 2), ["2025-12", "2026-01"]);
  assert.equal(latestMonths(Date.now(), 13).length, 13);
});
