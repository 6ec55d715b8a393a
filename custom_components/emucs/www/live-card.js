// The live card: the power of this second as a needle, and of the last five minutes as a trace.

import { ARC } from "./card-view.js";
import { formatWatts } from "./format.js";
import { PHASES, STYLE, TEMPLATE } from "./live-view.js";
import { MeterCard } from "./meter-card.js";
import { fetchPowers, kilowattsOf, suggestedMeter } from "./meter.js";
import { niceEnd } from "./quarter.js";
import { say } from "./texts.js";
import { HEIGHT, Trace, WIDTH } from "./trace.js";

export const LIVE_CARD = "emucs-live-card";

const LEAST_END = 1; // kW: the scale of a house at rest is no smaller
const HEADROOM = 1.1;
const SEVERAL = 2;
const GLANCE = 5000; // ms: shorter gaps are not filled from the recorder
// What the card is suggested for.
const SUGGESTED = ["power", "power_import", "power_export"];

export class LiveCard extends MeterCard {
  static NAME = LIVE_CARD;
  static TITLE = "power";
  static SHOWN = ["power"];

  constructor() {
    super(STYLE, TEMPLATE);
    this._forget();
  }

  getCardSize() {
    return 6;
  }

  _forget() {
    this._trace = new Trace();
    this._phases = undefined;
  }

  /** The power in kW; null where it is not known. */
  get _power() {
    return this._live ? (this._live.power ?? null) : kilowattsOf(this._state("power"));
  }

  _look() {
    const before = this._looked?.entry;
    // Before the first live value, which arrives at once if another card has subscribed.
    const begin = this._trace.unknownSince(Date.now());
    super._look();
    if (this._looked?.entry === before) {
      return;
    }
    if (this._looked.entry) {
      this._remember(begin);
    } else {
      this._trace.add(Date.now(), null);
    }
  }

  /** Fill the trace from `begin` on with what the recorder has. */
  async _remember(begin) {
    const trace = this._trace;
    if (Date.now() - begin > GLANCE && this._entities.power) {
      // Without a recorder, the trace starts now.
      trace.fill(begin, await fetchPowers(this._hass, this._entities.power, begin).catch(() => []));
      this._showTime();
    }
  }

  _take(latest) {
    if (latest || this._phases === undefined) {
      this._phases = PHASES.filter((key) => key in (latest ?? {}));
    }
    super._take(latest);
  }

  _showNumbers() {
    const power = this._power;
    if (this._live !== undefined) {
      this._trace.add(Date.now(), power);
    }
    this._showPhases();
    const level = this._level(power);
    this._write({ status: level && say(this._hass, level) });
    ["dial", "trace", "range"].forEach((name) => (this._parts[name].style.display = this._entities.power ? "" : "none"));
    this._parts.card.dataset.flow = power < 0 ? "export" : "import";
  }

  /** The key of the text that says why there is no power; empty if there is. */
  _level(power) {
    if (!this._entities.power) {
      return this._meter ? "no_power" : "no_meter";
    }
    return power !== null ? "" : this._state("power")?.state === "unavailable" ? "unavailable" : "unknown";
  }

  _showPhases() {
    const shown = (this._all.power_phase ?? []).filter((id) => !this._hass.entities[id].hidden);
    const keys = this._phases ?? PHASES.slice(0, shown.length);
    this._parts.phases.hidden = Math.min(shown.length, keys.length) < SEVERAL;
    for (const key of PHASES) {
      this._write({ [`${key}_label`]: key.slice(-2).toUpperCase(), [key]: formatWatts(this._hass, this._live?.[key] ?? null) });
      this._parts[`${key}_number`].hidden = !keys.includes(key);
    }
  }

  /** Show the power, the needle and the trace, on one scale. */
  _showTime() {
    const now = Date.now();
    const range = this._trace.range(now);
    const power = this._power;
    const scale = scaleOf([range?.least, range?.most, power].filter(Number.isFinite));
    this._drawGauge(power, scale);
    this._drawTrace(now, scale);
    const direction = say(this._hass, power < 0 ? "to_grid" : "from_grid");
    const texts = {
      direction: power === null ? "" : direction,
      power: formatWatts(this._hass, power === null ? null : Math.abs(power)),
      range: range ? say(this._hass, "trace", mapped(range, (each) => formatWatts(this._hass, each))) : "",
    };
    this._write(texts);
    this._describe(texts.direction, `${say(this._hass, "open_power")}: ${[texts.power, texts.direction, texts.range].filter(Boolean).join(". ")}`);
  }

  /** Zero is in the middle of the dial if power was exported, else at its left end. */
  _drawGauge(power, { low, high }) {
    const end = Math.max(high, -low);
    const share = (value) => (low < 0 ? (value / end + 1) / 2 : value / end);
    const [from, to] = [0, power ?? 0].map(share).sort((one, other) => one - other);
    this._parts.arc.setAttribute("stroke-dasharray", `0 ${from * ARC} ${(to - from) * ARC} ${ARC * 2}`);
    this._parts.needle.style.transform = `rotate(${(share(power ?? 0) * 180).toFixed(1)}deg)`;
    this._parts.needle.style.visibility = power === null ? "hidden" : "";
    this._parts.zero.style.visibility = low < 0 ? "" : "hidden";
    this._write({ gauge_begin: low < 0 ? formatWatts(this._hass, -end) : "0", gauge_end: formatWatts(this._hass, end) });
  }

  _drawTrace(now, scale) {
    const { line, area, zero } = this._trace.draw(now, scale);
    this._parts.trace_line.setAttribute("d", line);
    this._parts.trace_area.setAttribute("d", area);
    this._parts.trace_zero.setAttribute("d", `M0 ${zero}H${WIDTH}`);
    ["above", "below"].forEach((name) => this._parts[name].setAttribute("offset", zero / HEIGHT));
  }
}

/** The ends of a scale for some powers, in round numbers. */
function scaleOf(powers) {
  const high = niceEnd(Math.max(LEAST_END, ...powers.map((power) => power * HEADROOM)));
  const least = Math.min(0, ...powers);
  return { low: least && -niceEnd(Math.max(LEAST_END, -least * HEADROOM)), high };
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

/** The card, for an entity that it shows. */
export function suggestLiveCard(hass, entityId) {
  const meter = suggestedMeter(hass, entityId, SUGGESTED, "power");
  return meter && { config: { type: `custom:${LIVE_CARD}`, device_id: meter.id } };
}
