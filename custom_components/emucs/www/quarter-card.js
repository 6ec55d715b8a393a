// The quarter card: the running quarter as a gauge, those of today and the month peaks as bars.

import { Answer } from "./answer.js";
import { ARC } from "./card-view.js";
import { formatPower, formatSeconds } from "./format.js";
import { MeterCard } from "./meter-card.js";
import { hasValue, kilowattsOf, suggestedMeter } from "./meter.js";
import { PeakBars } from "./peak-bars.js";
import { QuarterBars } from "./quarter-bars.js";
import { budgetOf, costOf, niceEnd, quarterOf, statusOf } from "./quarter.js";
import { STYLE, TEMPLATE } from "./quarter-view.js";
import { TargetControl } from "./target.js";
import { say } from "./texts.js";

export const CARD = "emucs-quarter-card";

const QUARTER = 900; // seconds
const HEADROOM = 1.25; // the target stands at four fifths of the gauge
// What changes when the month peaks do.
const TELLING_OF_PEAKS = ["peak", "peak_average", "month_peak", "link"];
// What the card is suggested for.
const SUGGESTED = ["demand_forecast", "demand_budget", "demand", "month_peak", "peak_target"];

export class QuarterCard extends MeterCard {
  static NAME = CARD;
  static TITLE = "title";
  static SHOWN = ["demand_forecast", "demand_budget", "peak_alarm", "peak_warning", "peak_target", "power", "month_peak", "peak_kw_price"];
  static FIELDS = { show_peaks: "boolean" };

  constructor() {
    super(STYLE, TEMPLATE);
    this._peaks = new Answer("get_peaks");
    this._today = new Answer("get_forecast");
    this._peakBars = new PeakBars(this._parts.peaks);
    this._quarterBars = new QuarterBars(this._parts.today);
    this._target = new TargetControl(this._parts);
  }

  getCardSize() {
    return this._config?.show_peaks === false ? 5 : 12;
  }

  _forget() {
    this._peaks.forget();
    this._today.forget();
  }

  /** What is billed at least, in kW, if that is known. */
  get _floor() {
    return this._peaks.latest?.floor;
  }

  _show() {
    this._parts.quarter.hidden = !this._state("demand_forecast");
    const labels = ["forecast", "power", "so_far", "target", "time_left", "month_peak"].map((key) => [`${key}_label`, say(this._hass, key)]);
    this._write(Object.fromEntries(labels));
    super._show();
  }

  _showNumbers() {
    const hass = this._hass;
    const states = Object.fromEntries(QuarterCard.SHOWN.map((key) => [key, this._state(key)]));
    const quarter = quarterOf(states, Boolean(this._meter), this._floor, this._live);
    const [label, budget] = budgetOf(hass, quarter);
    const peak = kilowattsOf(states.month_peak);
    this._write({
      forecast: formatPower(hass, quarter.forecast),
      estimated: quarter.estimated ? say(hass, "estimated") : "",
      power: formatPower(hass, quarter.power),
      month_peak: formatPower(hass, peak),
      so_far: formatPower(hass, quarter.soFar),
      target: formatPower(hass, quarter.target),
      budget_label: label,
      budget,
      status: statusOf(hass, { ...quarter, left: this._secondsLeft() }),
      cost: costOf(hass, quarter, peak, this._floor, Number(states.peak_kw_price?.state)),
    });
    this._target.show(hass, this._entities.peak_target, quarter, this._floor);
    this._parts.card.dataset.level = quarter.level;
    this._write({ announcement: this._announce(quarter.level) });
    this._describe(quarter.level, this._description(quarter));
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

  _description({ forecast, soFar, target }) {
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
    const isKnown = target !== null || forecast;
    this._write({ gauge_end: isKnown ? formatPower(this._hass, end, end < 10 && !Number.isInteger(end) ? 1 : 0) : "" });
  }

  /** Show how much of the quarter is left. */
  _showTime() {
    const left = this._secondsLeft();
    this._write({ time_left: left === null ? "–" : formatSeconds(left) });
    this._parts.time_bar.style.transform = `scaleX(${left === null ? 0 : 1 - left / QUARTER})`;
  }

  /** The seconds left by the latest telegram, else by the end of the quarter; null if unknown. */
  _secondsLeft() {
    const within = (seconds) => Math.min(QUARTER, Math.max(0, seconds));
    if (this._live) {
      const { seconds_left, at } = this._live;
      return seconds_left == null ? null : within(seconds_left - (performance.now() - at) / 1000);
    }
    const forecast = this._state("demand_forecast");
    const end = hasValue(forecast) ? Date.parse(forecast.attributes.quarter_end) : NaN;
    return Number.isNaN(end) ? null : within((end - Date.now()) / 1000);
  }

  /** Ask for month peaks and today's quarters when there may be new ones; what was shown stays when that fails. */
  async _follow(anew) {
    const isFollowed = this._entities.demand_forecast !== undefined;
    const hasBars = isFollowed && this._config.show_peaks !== false;
    this._parts.today.hidden = this._parts.peaks.hidden = !hasBars;
    if (!isFollowed) {
      return;
    }
    if (anew || this._level().power !== this._drawn?.power) {
      this._showBars();
    }
    const states = TELLING_OF_PEAKS.filter((each) => each in this._entities).map((each) => this._state(each));
    const quarter = this._state("demand_forecast")?.attributes.quarter_end;
    const asked = [this._peaks.follow(this._hass, this._meter, states)];
    if (hasBars) {
      asked.push(this._today.follow(this._hass, this._meter, states, [quarter]));
    }
    if ((await Promise.all(asked)).includes(true)) {
      // What is billed at least decides on what the target is called.
      this._showNumbers();
      this._showBars();
    }
  }

  _showBars() {
    this._drawn = this._level();
    this._peakBars.show(this._hass, this._peaks.latest);
    this._quarterBars.show(this._hass, this._today.latest, this._drawn);
  }

  /** What a quarter is held against: what the user wants, what is billed anyway, or what is in effect. */
  _level() {
    const goal = kilowattsOf(this._state("peak_target"));
    const floor = this._floor ?? 0;
    if (goal === null) {
      return { key: "target", power: this._state("demand_budget")?.attributes.target ?? null };
    }
    return goal < floor ? { key: "floor", power: floor } : { key: "aim", power: goal };
  }
}

/** The card, for an entity that it shows. */
export function suggestCard(hass, entityId) {
  const meter = suggestedMeter(hass, entityId, SUGGESTED, "demand_forecast");
  return meter && { config: { type: `custom:${CARD}`, device_id: meter.id } };
}
