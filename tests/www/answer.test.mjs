import assert from "node:assert/strict";
import { test } from "node:test";

import "./page.mjs";
import { homeOf, load, state } from "./home.mjs";

const { Answer } = await load("answer");
const METER = { id: "meter", config_entry_id: "entry" };
const ON = [state("on"), state(3)];

test("an action is asked of the entry that the meter belongs to", async () => {
  const hass = homeOf();
  const answer = new Answer("get_peaks");
  assert.equal(await answer.follow(hass, METER, ON), true);
  assert.deepEqual(answer.latest.months, []);
  const [{ type, domain, service, service_data: data, return_response: answered }] = hass.asked;
  assert.deepEqual({ type, domain, service, data, answered }, {
    type: "call_service",
    domain: "emucs",
    service: "get_peaks",
    data: { config_entry_id: "entry" },
    answered: true,
  });
});

test("it is asked again where a state, or more about one, is another", async () => {
  const hass = homeOf();
  const answer = new Answer("get_forecast");
  const asked = async (...given) => {
    await answer.follow(hass, METER, ...given);
    return hass.asked.length;
  };
  assert.equal(await asked(ON), 1);
  assert.equal(await asked([state("on"), state(3)]), 1);
  assert.equal(await asked([state("on"), state(4)]), 2);
  assert.equal(await asked([state("on"), state(4)], ["18:15"]), 3);
  assert.equal(await asked([state("on"), state(4)], ["18:15"]), 3);
  answer.forget();
  assert.equal(answer.latest, undefined);
  assert.equal(await asked([state("on"), state(4)], ["18:15"]), 4);
});

test("nobody is asked in vain", async () => {
  const hass = homeOf();
  const answer = new Answer("get_peaks");
  const follow = (...states) => answer.follow(hass, METER, states);
  assert.equal(await follow(undefined, state("unavailable")), false);
  // Of a meter that sends nothing, what was is known all the same.
  assert.equal(await follow(state("unavailable"), state("off")), true);
  assert.equal(await follow(state("unavailable"), state("off"), state(1)), false);
  assert.equal(hass.asked.length, 1);
  assert.equal(await follow(state(1), state("off")), true);
});

test("what was answered before stays when that fails, and is none where there was none", async () => {
  const failing = homeOf({ peaks: new Error("not loaded") });
  const answer = new Answer("get_peaks");
  assert.equal(await answer.follow(failing, METER, ON), true);
  assert.equal(answer.latest, null);
  await answer.follow(homeOf(), METER, [state("off")]);
  await answer.follow(failing, METER, [state("on")]);
  assert.deepEqual(answer.latest.months, []);
});

test("a later answer is not replaced by one that was asked for before", async () => {
  const waiting = [];
  const hass = { callWS: () => new Promise((resolve) => waiting.push((name) => resolve({ response: name }))) };
  const answer = new Answer("get_peaks");
  const both = [answer.follow(hass, METER, [state(1)]), answer.follow(hass, METER, [state(2)])];
  waiting[1]("second");
  waiting[0]("first");
  await Promise.all(both);
  assert.equal(answer.latest, "second");
});
