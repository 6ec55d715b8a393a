import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Element } from "./page.mjs";
import { homeOf, load } from "./home.mjs";

const { ReportLinks } = await load("report-links");
const PATH = "/api/emucs/voltage_report/entry?format=";
const settled = () => new Promise((resolve) => setImmediate(resolve));

const followed = [];
Element.prototype.click = function () {
  this.dispatchEvent({ type: "click" });
  if (this.tag === "a") {
    followed.push({ href: this.href, download: this.download, target: this.target });
  }
};
Element.prototype.remove = () => {};
document.body = new Element("body");

let tabs;
beforeEach(() => {
  followed.length = 0;
  tabs = [];
  window.open = (address) => {
    const tab = { address, isOpen: true, close: () => (tab.isOpen = false), location: { replace: (path) => (tab.address = path) } };
    tabs.push(tab);
    return tab;
  };
});

/** The links in a Home Assistant that signs paths, or does not. */
function linksOf({ signs = true, ...more } = {}) {
  const hass = homeOf(more);
  hass.callWS = async (message) => {
    hass.asked.push(message);
    if (!signs) {
      throw new Error("unauthorized");
    }
    return { path: `${message.path}&authSig=signed` };
  };
  const links = new ReportLinks();
  links.setConfig({ config_entry_id: "entry" });
  links.hass = hass;
  const part = (name) => links.shadowRoot.querySelector(`[data-part="${name}"]`);
  return { links, hass, part };
}

test("the report is opened in a tab of its own, by a path that is signed for its user", async () => {
  const { hass, part } = linksOf({ language: "nl" });
  part("open").click();
  // Before anything is waited for: a tab that comes later is taken for a pop-up.
  assert.deepEqual(tabs.map(({ address }) => address), [""]);
  await settled();
  assert.deepEqual(hass.asked, [{ type: "auth/sign_path", path: `${PATH}html&language=nl`, expires: 3600 }]);
  assert.deepEqual(tabs.map(({ address }) => address), [`${PATH}html&language=nl&authSig=signed`]);
  assert.deepEqual(followed, []);
});

test("where no tab is opened, as in the apps, a link is followed", async () => {
  window.open = () => null;
  const { part } = linksOf();
  part("open").click();
  await settled();
  assert.deepEqual(followed, [{ href: `${PATH}html&language=en&authSig=signed`, download: undefined, target: "_blank" }]);
});

test("the CSV is downloaded, and opens no tab", async () => {
  const { part } = linksOf();
  part("csv").click();
  await settled();
  assert.deepEqual(followed, [{ href: `${PATH}csv&language=en&authSig=signed`, download: "", target: undefined }]);
  assert.deepEqual(tabs, []);
});

test("what is not signed is said, until it is tried again", async () => {
  const { hass, part } = linksOf({ signs: false });
  part("open").click();
  await settled();
  assert.deepEqual(tabs.map(({ isOpen }) => isOpen), [false]);
  assert.equal(part("status").textContent, "The report cannot be opened now.");
  hass.callWS = async ({ path }) => ({ path });
  part("csv").click();
  await settled();
  assert.equal(part("status").textContent, "");
});

test("it speaks the user's language, also when that changes", () => {
  const { links, part } = linksOf({ language: "de" });
  assert.equal(part("open").textContent, "Bericht öffnen");
  links.hass = homeOf({ language: "fr" });
  assert.equal(part("csv").textContent, "Télécharger en CSV");
});

test("a configuration that is none is refused, and buttons are no form's", () => {
  assert.throws(() => new ReportLinks().setConfig({}), /config_entry_id must be a string/);
  const { links } = linksOf();
  links.shadowRoot.querySelectorAll("button").forEach((each) => assert.equal(each.getAttribute("type"), "button"));
});
