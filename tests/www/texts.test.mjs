import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import "./page.mjs";
import { load, WWW } from "./home.mjs";

const { languageOf, say, TEXTS } = await load("texts");
const LANGUAGES = ["en", "nl", "fr", "de"];
const placeholders = (text) => [...text.matchAll(/\{\w+\}/g)].map(([each]) => each).sort();
// How a stranger is addressed in German and Dutch, and a friend in French.
const GERMAN_FORMAL = /\b[A-ZÄÖÜ]?[a-zäöü]+en Sie\b|\bIhr(?:e[mnrs]?)?\b|\bIhnen\b/;
const OTHER_FORM = { de: GERMAN_FORMAL, nl: /\b(?:u|uw)\b/i, fr: /\b(?:tu|toi|ton|tes)\b/i };

test("all texts are there in all languages, with the same placeholders", () => {
  assert.deepEqual(Object.keys(TEXTS), LANGUAGES);
  for (const language of LANGUAGES) {
    assert.deepEqual(Object.keys(TEXTS[language]), Object.keys(TEXTS.en), language);
    for (const [key, text] of Object.entries(TEXTS[language])) {
      assert.ok(text.trim(), `${language} ${key}`);
      assert.deepEqual(placeholders(text), placeholders(TEXTS.en[key]), `${language} ${key}`);
    }
  }
});

test("each language has one form of address: that of Home Assistant", () => {
  for (const [language, other] of Object.entries(OTHER_FORM)) {
    for (const [key, text] of Object.entries(TEXTS[language])) {
      assert.doesNotMatch(text, other, `${language} ${key}`);
    }
  }
});

test("a form of address is recognised", () => {
  for (const formal of ["Beziehen Sie nicht mehr.", "Prüfen Sie das Kabel.", "Leistung Ihrer Zähler", "Ihr Zähler"]) {
    assert.match(formal, GERMAN_FORMAL);
  }
  for (const other of ["Sie ist leer: Er sendet keine Zeit.", "ihr Zielwert und die Spitzen", "Beziehe nicht mehr."]) {
    assert.doesNotMatch(other, GERMAN_FORMAL);
  }
});

test("a text is in the user's language, or in English", () => {
  assert.equal(say({ locale: { language: "nl-BE" } }, "target"), "Streefwaarde");
  assert.equal(say({ language: "pt" }, "target"), "Target");
  assert.equal(say(undefined, "target"), "Target");
  assert.equal(languageOf({ locale: { language: "fr" }, language: "de" }), "fr");
});

test("a text is filled in", () => {
  assert.equal(say({ language: "en" }, "average", { months: 3, power: "4 kW" }), "Average monthly peak, 3 months: 4 kW");
});

test("every text is used, and every text that is used is there", () => {
  const others = readdirSync(WWW)
    .filter((name) => name !== "texts.js")
    .map((name) => readFileSync(new URL(name, WWW), "utf8"))
    .join("");
  for (const [, key] of others.matchAll(/\bsay\([\w.]+(?:\(\))?, "(\w+)"/g)) {
    assert.ok(key in TEXTS.en, key);
  }
  // The card puts `_peak` behind those that are said of the target, and the offers `_name` and `_description`.
  for (const key of Object.keys(TEXTS.en)) {
    assert.match(others, new RegExp(`\\b${key.replace(/_(?:peak|name|description)$/, "")}\\b`), key);
  }
});
