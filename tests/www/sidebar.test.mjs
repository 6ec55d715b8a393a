import assert from "node:assert/strict";
import { test } from "node:test";

import "./page.mjs";
import { homeOf, load } from "./home.mjs";

const { add } = await load("sidebar");
const PATH = "belgian-digital-meter";
const OURS = { strategy: { type: "custom:emucs" } };
const EMPTY = Object.assign(new Error(), { code: "config_not_found" });
const BROKEN = Object.assign(new Error(), { code: "error" });

/** A Home Assistant with dashboards, by their path; what it was asked to change. */
function homeWith(dashboards, more = {}) {
  const changes = [];
  const callWS = async ({ type, ...message }) => {
    if (type === "lovelace/dashboards/list") {
      return Object.keys(dashboards).map((url_path) => ({ url_path }));
    }
    if (type === "lovelace/config") {
      const config = dashboards[message.url_path];
      if (config instanceof Error) {
        throw config;
      }
      return config;
    }
    if (more.refuses === type) {
      throw new Error("refused");
    }
    changes.push([type, message]);
  };
  return { ...homeOf(more), callWS, changes };
}

const DONE = ["emucs/sidebar_done", {}];
const SAVED = ["lovelace/config/save", { url_path: PATH, config: OURS }];

test("the dashboard is made in the language of the user", async () => {
  const home = homeWith({ map: { strategy: { type: "map" } } }, { language: "fr" });
  assert.equal(await add(home), PATH);
  const made = { url_path: PATH, title: "Compteur numérique belge", icon: "mdi:meter-electric", show_in_sidebar: true };
  assert.deepEqual(home.changes, [["lovelace/dashboards/create", made], SAVED, DONE]);
});

test("one that is there already is taken, and is not changed", async () => {
  for (const [path, config] of [["by-hand", OURS], [PATH, OURS], [PATH, { views: [] }], [PATH, BROKEN]]) {
    const home = homeWith({ theirs: BROKEN, [path]: config });
    assert.equal(await add(home), path);
    assert.deepEqual(home.changes, [DONE]);
  }
});

test("one that a closed page left empty is filled", async () => {
  const home = homeWith({ [PATH]: EMPTY });
  assert.equal(await add(home), PATH);
  assert.deepEqual(home.changes, [SAVED, DONE]);
});

test("the panel adds it once, and goes there", async () => {
  const gone = [];
  globalThis.location = { replace: (url) => gone.push(url) };
  const home = homeWith({});
  const panel = new (customElements.get("emucs-sidebar-panel"))();
  panel.hass = home;
  panel.hass = { ...home };
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(gone, [`/${PATH}`]);
  assert.equal(home.changes.length, 3);
});

test("the panel says where else the dashboard is when it cannot be added, and is not gone for good", async (t) => {
  t.mock.method(console, "warn", () => {});
  const home = homeWith({}, { refuses: "lovelace/dashboards/create", language: "nl" });
  const panel = new (customElements.get("emucs-sidebar-panel"))();
  panel.hass = home;
  await new Promise((resolve) => setImmediate(resolve));
  assert.match(panel.textContent, /Dashboard toevoegen/);
  assert.deepEqual(home.changes, []);
});
