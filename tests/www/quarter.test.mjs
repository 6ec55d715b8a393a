import assert from "node:assert/strict";
import { test } from "node:test";

import "./page.mjs";
import { homeOf, load, plain, quarterStates, state } from "./home.mjs";

const { budgetOf, costOf, niceEnd, quarterOf, statusOf } = await load("quarter");
const HASS = homeOf();
const quarter = (more, { floor = 2.5, isMeter = true } = {}) => quarterOf(quarterStates(more), isMeter, floor);
const status = (each) => plain(statusOf(HASS, each));
const budget = (each, hass = HASS) => budgetOf(hass, each).map(plain).join(": ");
const soFar = (value, forecast = value) => state(forecast, { so_far: value });

test("within the target: what may still be drawn", () => {
  const each = quarter();
  assert.equal(each.level, "within");
  assert.equal(status(each), "Within the target. Up to 6.00 kW may be drawn for the rest of the quarter-hour.");
  assert.equal(budget(each), "Available: 6.00 kW");
});

test("a forecast above the target warns before the alarm is on", () => {
  const each = quarter({ demand_forecast: soFar(1, 4.5) });
  assert.equal(each.level, "warning");
  assert.equal(status(each), "The target will be passed. Draw no more than 6.00 kW for the rest of the quarter-hour.");
  assert.match(status(quarter({ peak_warning: state("on") })), /^Close to the target\. Draw no more/);
  assert.equal(quarter({ peak_alarm: state("on"), peak_warning: state("on") }).level, "alarm");
});

test("a target that is passed: by how much, and no budget below zero", () => {
  for (const below of [-0.02, -3, -540]) {
    const each = quarter({ demand_forecast: soFar(4.25), demand_budget: state(below, { target: 4 }), peak_alarm: state("on") });
    assert.equal(each.level, "passed");
    assert.equal(status(each), "This quarter-hour has passed the target by 0.25 kW.");
    assert.equal(budget(each), "Over by: 0.25 kW");
  }
});

test("a target that is passed by less than is shown is not passed by nothing", () => {
  const each = quarter({ demand_forecast: soFar(4.001), demand_budget: state(-0.3, { target: 4 }) });
  assert.equal(status(each), "This quarter-hour has passed the target by 0.01 kW.");
});

test("the budget is never below zero, also where it does not say what the quarter has", () => {
  const each = quarter({ demand_forecast: state(5), demand_budget: state(-7, { target: 4 }) });
  assert.equal(budget(each), "Available: 0.00 kW");
  assert.equal(status(each), "The target will be passed. Draw no more than 0.00 kW for the rest of the quarter-hour.");
});

test("a budget of more than a house draws is no number to go by", () => {
  for (const peak_warning of [state("off"), state("on")]) {
    const each = quarter({ demand_budget: state(537.24, { target: 4 }), peak_warning });
    assert.equal(budget(each), "Available: > 20 kW");
    assert.doesNotMatch(status(each), /kW/);
  }
  assert.equal(budget(quarter({ demand_budget: state(12.6, { target: 2.5 }) })), "Available: > 12 kW");
});

test("what is not known is a dash, and neither passed nor within", () => {
  const unknown = { demand_forecast: state("unknown"), demand_budget: state("unknown") };
  assert.equal(quarter(unknown).level, "unknown");
  assert.equal(budget(quarter(unknown)), "Available: –");
  assert.equal(quarter({ ...unknown, demand_forecast: state("unavailable") }).level, "unavailable");
  assert.equal(quarter({ demand_forecast: undefined }).level, "no_demand");
  assert.equal(quarter({ demand_forecast: undefined }, { isMeter: false }).level, "no_meter");
  // The user has disabled the budget.
  const alone = quarter({ demand_budget: undefined });
  assert.equal(alone.level, "within");
  assert.equal(status(alone), "Within the target.");
});

test("a target that is the month's peak is called so", () => {
  const each = (more) => quarter({ peak_target: state(3), ...more });
  assert.match(status(each()), /^Within this month's peak, which is the target now\. Up to/);
  assert.match(status(each({ peak_warning: state("on") })), /^Close to this month's peak\. Draw/);
  assert.match(status(each({ demand_forecast: soFar(1, 5) })), /^A new monthly peak is coming\. Draw/);
  assert.equal(status(each({ demand_forecast: soFar(4.5) })), "This quarter-hour is a new monthly peak, 0.50 kW above the last one.");
});

test("what is billed at least is no peak", () => {
  const least = { peak_target: state(1), demand_budget: state(6, { target: 2.5 }) };
  assert.equal(quarter(least).isPeak, false);
  assert.equal(quarter(least, { floor: undefined }).isPeak, false);
  assert.equal(quarter({ ...least, demand_budget: state(6, { target: 2.6 }) }).isPeak, true);
});

test("powers are in kW, whatever unit the user shows them in", () => {
  const each = quarter({ demand_forecast: state(2000, { so_far: 1 }, "W"), demand_budget: state(6000, { target: 4 }, "W") });
  assert.deepEqual([each.forecast, each.budget], [2, 6]);
});

test("a scale ends with a round number that is not below its value", () => {
  const wanted = [[1, 1], [1.2, 1.5], [2.5, 2.5], [3.1, 4], [9, 10], [12, 15], [0.3, 0.3], [101, 150]];
  wanted.forEach(([value, end]) => assert.ok(Math.abs(niceEnd(value) - end) < 1e-9, `${value} ${niceEnd(value)}`));
});

// 3 of 4 kW are reached with 5 minutes left: 1 kW for 15 minutes is 3 kW for 5.
const late = (more = {}) => ({ ...quarter({ demand_forecast: soFar(3, 5), demand_budget: state(3, { target: 4 }) }), power: 6, left: 300, ...more });

test("what to switch off is said, and by when", () => {
  assert.equal(status(late()), "The target will be passed. Switch off 3.8 kW within 1 min.");
  // By then 6 kW for a minute and 2.25 kW for four are drawn: 15 kW minutes, as 3 kW for five are.
  assert.ok(6 + (6 - 3.75) * 4 <= 15);
  assert.equal(status(late({ left: 290 })), "The target will be passed. Switch off 3.0 kW now.");
  assert.equal(status(late({ isPeak: true })), "A new monthly peak is coming. Switch off 3.8 kW within 1 min.");
});

test("nobody is asked to switch off more than is drawn", () => {
  // Within a minute it would be all and more, at once it is enough.
  assert.match(status(late({ power: 3.5, budget: 0.5 })), /Switch off 3\.0 kW now\.$/);
  assert.match(status(late({ power: 3, budget: -1 })), /Switching everything off would no longer prevent it\.$/);
});

test("what is drawn may not be known, or less than may be", () => {
  for (const more of [{ power: null }, { left: null }, { power: 2 }]) {
    assert.match(status(late(more)), /Draw no more than 3\.00 kW/);
  }
});

test("a peak costs what is above the one that is billed anyway", () => {
  const cost = (each, ...more) => plain(costOf(HASS, each, ...more));
  const each = quarter({ demand_forecast: soFar(3, 5) });
  assert.equal(cost(each, 4.5, 2.5, 5), "Such a peak would cost €2.50 more over the next twelve months.");
  assert.equal(cost(each, 1, 2.5, 5), "Such a peak would cost €12.50 more over the next twelve months.");
  // Nothing more, no price, no known floor; no quarter.
  for (const [peak, floor, price] of [[5, 2.5, 5], [4.5, 2.5, NaN], [4.5, undefined, 5], [4.5, 2.5, 0]]) {
    assert.equal(cost(each, peak, floor, price), "");
  }
  assert.equal(cost(quarter({ demand_forecast: state("unknown") }), 1, 2.5, 5), "");
});
