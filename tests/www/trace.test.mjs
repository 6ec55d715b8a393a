import assert from "node:assert/strict";
import { test } from "node:test";

import "./page.mjs";
import { load } from "./home.mjs";

const { HEIGHT, SPAN, Trace, WIDTH } = await load("trace");
const NOW = 1_800_000_000_000;
const SCALE = { low: 0, high: 10 };

/** A trace by seconds before now and powers. */
function traceOf(...points) {
  const trace = new Trace();
  points.forEach(([ago, power]) => trace.add(NOW - ago * 1000, power));
  return trace;
}

const numbers = (path) => path.match(/-?[\d.]+/g).map(Number);

test("a power lasts until the next one, and the last one until now", () => {
  const { line } = traceOf([300, 0], [150, 10]).draw(NOW, SCALE);
  assert.equal(line, `M0.0 ${HEIGHT - 2}.0H${WIDTH / 2}.0V2.0H${WIDTH}.0`);
});

test("the area goes down to nothing, wherever that is", () => {
  const { area, zero } = traceOf([300, 5], [150, -5]).draw(NOW, { low: -10, high: 10 });
  assert.equal(Number(zero), HEIGHT / 2);
  assert.ok(area.startsWith(`M0.0 ${zero}V`));
  assert.ok(area.endsWith(`V${zero}Z`));
});

test("what is not known is a gap", () => {
  const { line, area } = traceOf([200, 1], [150, null], [100, 2]).draw(NOW, SCALE);
  assert.deepEqual(line.match(/M[\d.]+/g), ["M100.0", "M200.0"]);
  assert.equal(area.match(/Z/g).length, 2);
  assert.match(line, /^M100\.0 [\d.]+H150\.0M/);
});

test("nothing is drawn of nothing", () => {
  for (const trace of [new Trace(), traceOf([10, null])]) {
    const { line, area } = trace.draw(NOW, SCALE);
    assert.deepEqual([line, area, trace.range(NOW)], ["", "", null]);
  }
});

test("what was before the last minutes is forgotten, but for what lasted into them", () => {
  const trace = traceOf([900, 9], [400, 7], [200, 1]);
  assert.deepEqual(trace.range(NOW), { least: 1, most: 7 });
  assert.deepEqual(trace.range(NOW + 100_001), { least: 1, most: 1 });
  numbers(trace.draw(NOW, SCALE).line).forEach((each) => assert.ok(each >= 0 && each <= WIDTH));
});

test("however many come, few are kept", () => {
  const trace = new Trace();
  for (let index = 0; index < 5000; index++) {
    trace.add(NOW + index, 1);
  }
  assert.ok(trace.points.length <= 1000);
});

test("a clock that is set back begins anew", () => {
  const trace = traceOf([10, 3]);
  trace.add(NOW - SPAN, 4);
  assert.deepEqual(trace.range(NOW - SPAN), { least: 4, most: 4 });
});

test("what was recorded is put where nothing was known", () => {
  const trace = new Trace();
  const begin = trace.unknownSince(NOW);
  assert.equal(begin, NOW - SPAN);
  trace.add(NOW, 3);
  trace.fill(begin, [{ time: begin, power: 1 }, { time: NOW - 1000, power: 2 }, { time: NOW + 5, power: 9 }]);
  assert.deepEqual(trace.points.map(({ power }) => power), [1, 2, 3]);
});

test("a gap of the middle is filled, and no more", () => {
  const trace = traceOf([200, 1], [150, null]);
  const begin = trace.unknownSince(NOW);
  assert.equal(begin, NOW - 150_000);
  trace.add(NOW, 3);
  trace.fill(begin, [{ time: NOW - 250_000, power: 8 }, { time: begin, power: 2 }]);
  assert.deepEqual(trace.points.map(({ power }) => power), [1, 2, 3]);
  assert.equal(trace.unknownSince(NOW + 5), NOW + 5);
});
