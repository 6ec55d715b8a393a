// The base of all cards of a meter: configuration, entities, and the live values while the card is visible.

import { Sight, look } from "./live.js";
import { electricityMeters, entitiesOf, meterOf, nameOf } from "./meter.js";
import { say } from "./texts.js";

const DOMAIN = "emucs";
const SPOKEN = 10_000; // ms between two descriptions, as screen readers may read each change

export class MeterCard extends HTMLElement {
  static NAME;
  /** The key of the text of its title. */
  static TITLE;
  /** The translation keys of the entities that it shows; its details are those of the first one. */
  static SHOWN = [];
  /** The websocket command of its live values, where those are not of telegrams. */
  static COMMAND;
  /** The fields of its form beside those that all cards have, and their types. */
  static FIELDS = {};

  constructor(style, template) {
    super();
    this.attachShadow({ mode: "open" });
    this.shadowRoot.innerHTML = `<style>${style}</style>${template}`;
    this._parts = Object.fromEntries(
      [...this.shadowRoot.querySelectorAll("[data-part]")].map((element) => [element.dataset.part, element]),
    );
    this._parts.gauge?.addEventListener("click", () => this._openDetails());
    this._entities = {};
    // The latest live values; null if states have to be shown, undefined before that is known.
    this._live = undefined;
    this._sight = new Sight(this, () => {
      this._look();
      this._tick();
    });
  }

  static getStubConfig(hass) {
    const meter = meterOf(hass);
    return meter ? { device_id: meter.id } : {};
  }

  static getConfigForm() {
    const hass = document.querySelector("home-assistant")?.hass;
    return {
      schema: [
        { name: "device_id", selector: { device: { integration: DOMAIN, entity: { device_class: "connectivity", integration: DOMAIN } } } },
        { name: "title", selector: { text: {} } },
        ...Object.entries(this.FIELDS).map(([name, type]) => ({ name, default: true, selector: { [type]: {} } })),
      ],
      computeLabel: ({ name }) => say(hass, name === "title" ? "card_title" : name),
      assertConfig: (config) => this._check(config),
    };
  }

  static _check(config) {
    for (const [name, type] of Object.entries({ device_id: "string", title: "string", ...this.FIELDS })) {
      if (config[name] !== undefined && typeof config[name] !== type) {
        throw new Error(`${this.NAME}: ${name} must be a ${type}.`);
      }
    }
  }

  setConfig(config) {
    this.constructor._check(config);
    this._config = config;
    this._registries = null;
    if (this._hass) {
      this.hass = this._hass;
    }
  }

  getGridOptions() {
    return { columns: 12, min_columns: 6, rows: "auto" };
  }

  connectedCallback() {
    this._timer = setInterval(() => this._tick(), 1000);
    this._sight.connect();
  }

  disconnectedCallback() {
    clearInterval(this._timer);
    this._sight.disconnect();
  }

  /** Show the time that has passed, while the card is visible. */
  _tick() {
    if (this._sight.isSeen && this._hass && this._config) {
      this._showTime();
    }
  }

  get hass() {
    return this._hass;
  }

  set hass(hass) {
    const before = this._hass;
    this._hass = hass;
    if (!this._config) {
      return;
    }
    const isFound = this._findEntities(hass);
    // First, so that no live values of another meter are shown.
    this._look();
    const anew = isFound || before?.locale !== hass.locale || before?.language !== hass.language;
    if (anew || this.constructor.SHOWN.some((key) => this._state(key) !== before?.states[this._entities[key]])) {
      this._show();
    }
    this._follow(anew);
  }

  /** Find the meter and its entities, when registries or configuration have changed; tell whether they had. */
  _findEntities(hass) {
    if (this._registries?.entities === hass.entities && this._registries.devices === hass.devices) {
      return false;
    }
    this._registries = { entities: hass.entities, devices: hass.devices };
    const meter = meterOf(hass, this._config.device_id);
    if (meter?.id !== this._meter?.id) {
      this._forget();
    }
    this._meter = meter;
    this._all = meter ? entitiesOf(hass, meter) : {};
    this._entities = Object.fromEntries(Object.entries(this._all).map(([key, [first]]) => [key, first]));
    return true;
  }

  _state(key) {
    return this._hass.states[this._entities[key]];
  }

  /** Show everything. */
  _show() {
    this._write({ title: this._config.title ?? this._defaultTitle() });
    this._showNumbers();
    this._showTime();
  }

  /** Set the texts of parts. An unchanged one is not set again, which screen readers would repeat. */
  _write(texts) {
    for (const [name, text] of Object.entries(texts)) {
      if (this._parts[name].textContent !== text) {
        this._parts[name].textContent = text;
      }
    }
  }

  /** Several meters need their names. */
  _defaultTitle() {
    const title = say(this._hass, this.constructor.TITLE);
    return this._meter && electricityMeters(this._hass).length > 1 ? `${title} · ${nameOf(this._meter)}` : title;
  }

  /** Show what states and telegrams say. */
  _showNumbers() {}

  /** Show what changes with time. */
  _showTime() {}

  /** Called after each change of Home Assistant; `anew` if meter, entities or language are others. */
  _follow(_anew) {}

  /** Forget what is known of another meter. */
  _forget() {}

  /** Subscribe to the meter's live values while the card is visible. */
  _look() {
    const connection = this._sight.isSeen ? this._hass?.connection : undefined;
    const entry = connection && this._meter?.config_entry_id;
    if (entry === this._looked?.entry && connection === this._looked?.connection) {
      return;
    }
    this._looked?.stop();
    this._live = undefined;
    this._looked = { entry, connection, stop: () => {} };
    if (entry) {
      this._looked.stop = look(connection, entry, (latest) => this._take(latest), this.constructor.COMMAND);
    }
  }

  /** Take live values, or null if states have to be shown. */
  _take(latest) {
    this._live = latest;
    this._showNumbers();
    this._showTime();
  }

  /** Describe the gauge to screen readers: at once if `about` has changed, else now and then. */
  _describe(about, text) {
    const now = performance.now();
    if (about !== this._described?.about || now - this._described.at >= SPOKEN) {
      this._described = { about, at: now };
      this._parts.gauge.setAttribute("aria-label", text);
    }
  }

  _openDetails() {
    const detail = { entityId: this._entities[this.constructor.SHOWN[0]] };
    this.dispatchEvent(new CustomEvent("hass-more-info", { detail, bubbles: true, composed: true }));
  }
}
