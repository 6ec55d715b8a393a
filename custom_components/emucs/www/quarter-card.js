// The quarter card: the running quarter as a gauge, and the month peaks as bars.

import { formatPower, formatSeconds } from "./format.js";
import { electricityMeters, entitiesOf, fetchPeaks, hasValue, isGone, meterOf, meterOfDevice, nameOf } from "./meter.js";
import { PeakBars } from "./peak-bars.js";
import { budgetOf, niceEnd, quarterOf, statusOf } from "./quarter.js";
import { STYLE, TEMPLATE } from "./quarter-view.js";
import { say } from "./texts.js";

export const CARD = "emucs-quarter-card";

const DOMAIN = "emucs";
const QUARTER = 900; // seconds
const ARC = 100; // the length of the gauge's arc, as its `pathLength` says
const HEADROOM = 1.25; // the target stands at four fifths of the gauge
// What the gauge shows.
const SHOWN = ["demand_forecast", "demand_budget", "peak_alarm", "peak_warning", "peak_target"];
// What changes when the month peaks do.
const TELLING_OF_PEAKS = ["peak", "peak_average", "month_peak", "link"];
// What the card is suggested for.
const SUGGESTED = ["demand_forecast", "demand_budget", "demand", "month_peak", "peak_target"];

export class QuarterCard extends HTMLElement {
  constructor() {
    super();
    this.attachShadow({ mode: "open" });
    this.shadowRoot.innerHTML = `<style>${STYLE}</style>${TEMPLATE}`;
    this._parts = Object.fromEntries(
      [...this.shadowRoot.querySelectorAll("[data-part]")].map((element) => [element.dataset.part, element]),
    );
    this._parts.gauge.addEventListener("click", () => this._openDetails());
    this._bars = new PeakBars(this._parts.peaks);
    this._entities = {};
    this._peaksKey = null;
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
        { name: "show_peaks", default: true, selector: { boolean: {} } },
      ],
      computeLabel: ({ name }) => say(hass, name === "title" ? "card_title" : name),
      assertConfig: checkConfig,
    };
  }

  setConfig(config) {
    checkConfig(config);
    this._config = config;
    this._registries = null;
    if (this._hass) {
      this.hass = this._hass;
    }
  }

  getCardSize() {
    return this._config?.show_peaks === false ? 5 : 9;
  }

  getGridOptions() {
    return { columns: 12, min_columns: 6, rows: "auto" };
  }

  connectedCallback() {
    this._timer = setInterval(() => this._showTime(), 1000);
    if (this._hass) {
      this._showTime();
    }
  }

  disconnectedCallback() {
    clearInterval(this._timer);
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
    const anew = this._findEntities(hass) || before?.locale !== hass.locale || before?.language !== hass.language;
    if (anew || SHOWN.some((key) => this._state(key) !== before?.states[this._entities[key]])) {
      this._show();
    }
    this._followPeaks(anew);
  }

  /** Find the meter and its entities, when registries or configuration have changed; tell whether they had. */
  _findEntities(hass) {
    if (this._registries?.entities === hass.entities && this._registries.devices === hass.devices) {
      return false;
    }
    this._registries = { entities: hass.entities, devices: hass.devices };
    const meter = meterOf(hass, this._config.device_id);
    if (meter?.id !== this._meter?.id) {
      this._peaks = undefined;
      this._peaksKey = null;
    }
    this._meter = meter;
    const found = this._meter ? entitiesOf(hass, this._meter) : {};
    this._entities = Object.fromEntries(Object.entries(found).map(([key, [first]]) => [key, first]));
    return true;
  }

  _state(key) {
    return this._hass.states[this._entities[key]];
  }

  _show() {
    this._parts.title.textContent = this._config.title ?? this._defaultTitle();
    this._parts.quarter.hidden = !this._state("demand_forecast");
    for (const key of ["forecast", "so_far", "target", "time_left"]) {
      this._parts[`${key}_label`].textContent = say(this._hass, key);
    }
    this._showNumbers();
    this._showTime();
  }

  /** Several meters need their names. */
  _defaultTitle() {
    const title = say(this._hass, "title");
    return this._meter && electricityMeters(this._hass).length > 1 ? `${title} · ${nameOf(this._meter)}` : title;
  }

  _showNumbers() {
    const hass = this._hass;
    const states = Object.fromEntries(SHOWN.map((key) => [key, this._state(key)]));
    const quarter = quarterOf(states, Boolean(this._meter), this._peaks?.floor);
    const [label, budget] = budgetOf(hass, quarter);
    const texts = {
      forecast: formatPower(hass, quarter.forecast),
      estimated: quarter.estimated ? say(hass, "estimated") : "",
      so_far: formatPower(hass, quarter.soFar),
      target: formatPower(hass, quarter.target),
      budget_label: label,
      budget,
      status: statusOf(hass, quarter),
    };
    for (const [name, text] of Object.entries(texts)) {
      this._parts[name].textContent = text;
    }
    this._parts.card.dataset.level = quarter.level;
    this._parts.announcement.textContent = this._announce(quarter.level);
    this._parts.gauge.setAttribute("aria-label", this._describe(quarter));
    this._drawGauge(quarter.forecast ?? 0, quarter.soFar ?? 0, quarter.target);
  }

  /** What a screen reader is told by itself: what has changed for long, and neither each number nor each kettle. */
  _announce(level) {
    const lasting = level === "warning" ? "within" : level;
    if (lasting !== this._announced) {
      this._announcement = this._announced === undefined ? "" : this._parts.status.textContent;
      this._announced = lasting;
    }
    return this._announcement;
  }

  _describe({ forecast, soFar, target }) {
    const pairs = { forecast, so_far: soFar, target };
    const numbers = Object.entries(pairs).map(([key, value]) => `${say(this._hass, key)} ${formatPower(this._hass, value)}`);
    return `${say(this._hass, "open")}: ${numbers.join(", ")}`;
  }

  _drawGauge(forecast, soFar, target) {
    const end = niceEnd(Math.max((target ?? 0) * HEADROOM, forecast, soFar, 1));
    const share = (value) => Math.max(0, Math.min(1, value / end));
    this._parts.arc_forecast.setAttribute("stroke-dasharray", `${share(forecast) * ARC} ${ARC * 2}`);
    this._parts.arc_so_far.setAttribute("stroke-dasharray", `${share(soFar) * ARC} ${ARC * 2}`);
    this._parts.mark.style.visibility = target === null ? "hidden" : "";
    this._parts.mark.setAttribute("transform", `rotate(${share(target ?? 0) * 180} 100 100)`);
    this._parts.gauge_end.textContent = target === null && !forecast ? "" : formatPower(this._hass, end, end < 10 && !Number.isInteger(end) ? 1 : 0);
  }

  /** How much of the quarter is left, by the end that the meter's clock gives it. */
  _showTime() {
    const forecast = this._hass && this._state("demand_forecast");
    const end = hasValue(forecast) ? Date.parse(forecast.attributes.quarter_end) : NaN;
    const left = Math.min(QUARTER, Math.max(0, (end - Date.now()) / 1000));
    this._parts.time_left.textContent = Number.isNaN(end) ? "–" : formatSeconds(left);
    this._parts.time_bar.style.transform = `scaleX(${Number.isNaN(end) ? 0 : 1 - left / QUARTER})`;
  }

  /** Fetch the month peaks when there may be new ones; what was shown stays when that fails. */
  async _followPeaks(anew) {
    const followed = this._entities.demand_forecast !== undefined;
    this._parts.peaks.hidden = !followed || this._config.show_peaks === false;
    if (!followed) {
      return;
    }
    const states = TELLING_OF_PEAKS.filter((each) => each in this._entities).map((each) => this._state(each));
    const gone = states.filter(isGone).length;
    // Where all are gone no meter is loaded; and where one is, nothing is newer than what is shown.
    const inVain = gone > 0 && (this._peaks || gone === states.length);
    const key = inVain ? null : [this._meter.id, ...states.map((each) => each?.state)].join();
    const isKnown = key === this._peaksKey;
    this._peaksKey = key;
    if (inVain || isKnown) {
      if (anew) {
        this._bars.show(this._hass, this._peaks);
      }
      return;
    }
    try {
      const peaks = await fetchPeaks(this._hass, this._meter);
      // A later answer may have come before this one.
      if (this._peaksKey === key) {
        this._peaks = peaks;
      }
    } catch {
      this._peaks ??= null;
    }
    // What is billed at least decides on what the target is called.
    this._showNumbers();
    this._bars.show(this._hass, this._peaks);
  }

  _openDetails() {
    const detail = { entityId: this._entities.demand_forecast };
    this.dispatchEvent(new CustomEvent("hass-more-info", { detail, bubbles: true, composed: true }));
  }
}

/** The card, for an entity that it shows. */
export function suggestCard(hass, entityId) {
  const meter = meterOfDevice(hass, hass.entities[entityId]?.device_id);
  const shown = meter ? entitiesOf(hass, meter) : {};
  const ids = SUGGESTED.map((key) => shown[key]?.[0]);
  return ids.includes(entityId) && shown.demand_forecast ? { config: { type: `custom:${CARD}`, device_id: meter.id } } : null;
}

function checkConfig(config) {
  for (const [name, type] of [["device_id", "string"], ["title", "string"], ["show_peaks", "boolean"]]) {
    if (config[name] !== undefined && typeof config[name] !== type) {
      throw new Error(`${CARD}: ${name} must be a ${type}.`);
    }
  }
}
