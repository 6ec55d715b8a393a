import assert from "node:assert/strict";
import { after, mock, test } from "node:test";

import { Element, turn } from "./page.mjs";
import { Connection, load, telegram } from "./home.mjs";

const { look, RETRY, SILENCE, Sight } = await load("live");
const stops = [];
after(() => stops.forEach((stop) => stop()));
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Look at a meter; what was told since. */
async function looking(connection, entry = "entry") {
  const told = [];
  const stop = look(connection, entry, (latest) => told.push(latest));
  stops.push(stop);
  await settled();
  return { told, stop };
}

test("cards of one meter share a subscription, and the last one ends it", async () => {
  const connection = new Connection();
  const one = await looking(connection);
  const other = await looking(connection);
  assert.deepEqual(connection.asked, [{ type: "emucs/live", config_entry_id: "entry" }]);
  // Home Assistant's frontend would subscribe again without telling of what goes wrong.
  assert.deepEqual([...connection.open.values()].map(({ options }) => options), [{ resubscribe: false }]);
  connection.send(telegram());
  assert.equal(one.told.at(-1).power, 5);
  assert.equal(other.told.at(-1).power, 5);
  // Whoever comes later sees the latest at once.
  assert.equal((await looking(connection)).told.length, 1);
  await looking(connection, "second");
  assert.equal(connection.asked.length, 2);
});

test("nothing is left of a card that is gone", async () => {
  const connection = new Connection();
  const { told, stop } = await looking(connection);
  stop();
  await settled();
  assert.deepEqual([connection.open.size, connection.watchers, connection.given], [0, 0, [1]]);
  connection.send(telegram());
  assert.equal(told.length, 0);
});

test("a card that is gone before the answer gives back what it gets", async () => {
  const connection = new Connection();
  let answer;
  connection.wait = new Promise((resolve) => (answer = resolve));
  const { stop } = await looking(connection);
  stop();
  answer();
  await settled();
  assert.deepEqual([connection.open.size, connection.given], [0, [1]]);
});

test("states have to do where the command is not known, or not allowed", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  for (const code of ["unknown_command", "unauthorized"]) {
    const connection = new Connection();
    connection.error = { code };
    const { told, stop } = await looking(connection);
    assert.deepEqual(told, [null]);
    mock.timers.tick(RETRY * 10);
    await settled();
    assert.equal(connection.asked.length, 1);
    // After an update, say.
    connection.error = null;
    connection.connect();
    await settled();
    connection.send(telegram());
    assert.equal(told.at(-1).power, 5);
    stop();
  }
});

test("a meter that is not loaded is asked for again", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const connection = new Connection();
  connection.error = { code: "not_found" };
  const { told, stop } = await looking(connection);
  assert.deepEqual(told, [null]);
  connection.error = null;
  mock.timers.tick(RETRY);
  await settled();
  connection.send(telegram());
  assert.equal(told.at(-1).power, 5);
  connection.error = { code: "not_found" };
  connection.connect();
  await settled();
  stop();
  mock.timers.tick(RETRY);
  await settled();
  assert.equal(connection.asked.length, 3);
});

test("a reload ends it, and it is asked for again at once", async () => {
  const connection = new Connection();
  const { told } = await looking(connection);
  connection.send(telegram());
  connection.send({ type: "ended" });
  await settled();
  assert.equal(told.at(-1), null);
  assert.equal(connection.asked.length, 2);
  // The old one is given back.
  assert.deepEqual([connection.given, connection.open.size], [[1], 1]);
  connection.send(telegram({ power: 6 }));
  assert.equal(told.at(-1).power, 6);
});

test("a lost link leaves it to states until telegrams come again", async () => {
  const connection = new Connection();
  const { told } = await looking(connection);
  connection.send({ type: "down" });
  connection.send(telegram());
  assert.deepEqual(told.map((each) => each?.power), [undefined, 5]);
});

test("silence leaves it to states", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const connection = new Connection();
  const { told } = await looking(connection);
  connection.send(telegram());
  mock.timers.tick(SILENCE - 1);
  assert.equal(told.length, 1);
  mock.timers.tick(1);
  assert.equal(told.at(-1), null);
  connection.send(telegram());
  assert.equal(told.at(-1).power, 5);
});

test("a connection that was lost takes its subscription with it", async () => {
  const connection = new Connection();
  const { told, stop } = await looking(connection);
  connection.send(telegram());
  connection.lose();
  // What is shown stays for the moment that this mostly takes.
  assert.equal(told.length, 1);
  connection.connect();
  await settled();
  assert.equal(connection.asked.length, 2);
  // Its number may be another one's by now: it is not given back.
  assert.deepEqual(connection.given, []);
  stop();
  await settled();
  assert.deepEqual(connection.given, [2]);
});

test("an answer to a subscription of before is none of now", async () => {
  const connection = new Connection();
  const { told } = await looking(connection);
  const [{ listener }] = connection.open.values();
  connection.lose();
  listener(telegram());
  assert.deepEqual(told, []);
});

test("an element is seen while it is on the screen, and its page is before all others", () => {
  const element = new Element();
  const told = [];
  const sight = new Sight(element, () => told.push(sight.isSeen));
  sight.connect();
  element.observer.scroll(false);
  element.observer.scroll(false);
  element.observer.scroll(true);
  turn("hidden");
  turn("visible");
  sight.disconnect();
  assert.deepEqual(told, [true, false, true, false, true, false]);
  turn("hidden");
  turn("visible");
  assert.equal(told.length, 6);
});
