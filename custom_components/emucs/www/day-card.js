// The day card: what today has come to in each quarter-hour, what is forecast, and the time bands behind it.

import { Answer } from "./answer.js";
import { areaOf, bandsOf, FLOWS, isShown, lineOf, QUARTER, rowOf, scaleOf, ticksOf } from "./day.js";
import { STYLE, TEMPLATE } from "./day-view.js";
import { dayIn, formatDay, formatNumber, formatPower, formatQuarter, formatTimeOfDay } from "./format.js";
import { MeterCard } from "./meter-card.js";
import { suggestedMeter } from "./meter.js";
import { element } from "./page-parts.js";
import { say } from "./texts.js";

export const DAY_CARD = "emucs-day-card";

const LAST_TICK = 0.93; // of the width: behind that there is no room for a name
const QUARTERS_AN_HOUR = 4;
// What the card is suggested for.
const SUGGESTED = ["load_forecast", "energy_forecast_today", "time_band"];
const SPOKEN = { imported: ["from_grid", "day_import"], exported: ["to_grid", "day_export"] };
// What is dear and what is cheap, as the sets of bands order them; the rest is between.
const PRICES = { day: "dear", peak: "dear", pic: "dear", night: "cheap", off_peak: "cheap", eco: "cheap" };

export class DayCard extends MeterCard {
  static NAME = DAY_CARD;
  static TITLE = "day_title";
  static SHOWN = ["load_forecast", "time_band"];

  constructor() {
    super(STYLE, TEMPLATE);
    this._answer = new Answer("get_forecast");
    this._row = [];
    const { chart } = this._parts;
    chart.addEventListener("keydown", (event) => this._walk(event));
    for (const type of ["pointermove", "pointerdown"]) {
      chart.addEventListener(type, (event) => this._point(event));
    }
    chart.addEventListener("blur", () => this._choose(null));
    // A finger leaves when it is lifted: what it has chosen stays until something else is touched.
    chart.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && this._choose(null));
    this._forget();
  }

  getCardSize() {
    return 6;
  }

  /** It changes with the quarter: there is nothing live to follow. */
  _look() {}

  _forget() {
    this._answer.forget();
    // The begin of the quarter that is told below; null for the running one.
    this._chosen = null;
  }

  async _follow() {
    const forecast = this._state("load_forecast");
    if (!forecast) {
      return;
    }
    // Until something is forecast, the quarters that end are told by others.
    const more = [forecast.attributes.forecast?.[0]?.begin, this._state("demand_forecast")?.attributes.quarter_end];
    if (await this._answer.follow(this._hass, this._meter, [forecast], more)) {
      this._showNumbers();
      this._showTime();
    }
  }

  _showNumbers() {
    const answer = this._answer.latest;
    this._row = answer ? rowOf(answer, Date.now()) : [];
    const isDrawn = this._row.length > 0 && Boolean(this._entities.load_forecast);
    this._parts.day.hidden = !isDrawn;
    this._write({ status: isDrawn ? "" : say(this._hass, this._reason()), note: isDrawn ? this._note(answer.score.import) : "" });
    if (isDrawn) {
      this._draw(answer);
    }
  }

  /** The key of the text that says why nothing is shown. */
  _reason() {
    const forecast = this._state("load_forecast");
    if (!forecast) {
      return this._entities.load_forecast ? "unknown" : this._meter ? "no_demand" : "no_meter";
    }
    const answer = this._answer.latest;
    return forecast.state === "unavailable" ? "unavailable" : answer === null ? "day_failed" : answer ? "no_quarters" : "unknown";
  }

  /** How good the forecast is, in words; or that there is none yet. */
  _note({ mean_error: error, share_within_band: share }) {
    if (!this._row.some(({ isForecast }) => isForecast)) {
      return say(this._hass, "day_learns");
    }
    return error === null ? "" : say(this._hass, "day_error", { error: formatPower(this._hass, error), share: formatNumber(this._hass, share, 0) });
  }

  _draw(answer) {
    this._scale = scaleOf(this._row);
    const measured = this._row.filter(({ isForecast }) => !isForecast);
    const forecast = this._row.filter(({ isForecast }) => isForecast);
    for (const flow of FLOWS) {
      this._parts[`${flow}_area`].setAttribute("d", areaOf(measured, flow, ["none", "mean"], this._scale));
      this._parts[`${flow}_line`].setAttribute("d", lineOf(measured, flow, this._scale));
      this._parts[`${flow}_shade`].setAttribute("d", areaOf(forecast, flow, ["low", "high"], this._scale));
      this._parts[`${flow}_forecast`].setAttribute("d", lineOf(forecast, flow, this._scale));
    }
    const zero = this._scale.y("imported", 0);
    this._parts.zero.setAttribute("d", `M0 ${zero}H${this._scale.x(this._scale.end)}`);
    const { top, bottom } = this._scale;
    const [highest, lowest] = [top, bottom].map((end) => formatPower(this._hass, end, Number.isInteger(end) ? 0 : 1));
    this._write({ top: highest, bottom: bottom ? lowest : "" });
    this._bands = bandsOf(answer, this._scale);
    this._parts.bands.replaceChildren(...this._bands.map((each) => this._drawnBand(each)));
    const ticks = ticksOf(this._scale).filter(({ time }) => this._scale.share(time) < LAST_TICK);
    this._parts.axis.replaceChildren(...ticks.map((each) => this._drawnTick(each)));
    this._parts.legend.replaceChildren(...this._legend(forecast.length > 0));
    this._parts.chart.setAttribute("aria-label", say(this._hass, "day_title"));
    this._parts.chart.setAttribute("aria-valuemax", this._row.length - 1);
    this._mark();
  }

  _place(drawn, begin, end) {
    drawn.style.left = `${this._scale.share(begin) * 100}%`;
    if (end !== undefined) {
      drawn.style.width = `${(this._scale.share(end) - this._scale.share(begin)) * 100}%`;
    }
    return drawn;
  }

  _drawnBand({ band, begin, end }) {
    return this._place(element("div", { class: `band ${PRICES[band] ?? ""}` }), begin, end);
  }

  /** The name of a band, as the entity has it. */
  _nameOf(band) {
    const state = this._state("time_band");
    return (state && this._hass.formatEntityState?.(state, band)) || band;
  }

  _drawnTick({ time, isHalf, isMidnight }) {
    const name = isMidnight ? "midnight" : isHalf ? "noon" : "quarter";
    const text = isMidnight ? formatDay(this._hass, time, "short") : formatTimeOfDay(this._hass, time);
    return this._place(element("span", { class: name }, text), time);
  }

  _legend(isForecast) {
    const flows = FLOWS.filter((flow) => this._row.some((each) => isShown(each, flow)));
    const bands = new Set(this._bands.map(({ band }) => band));
    const parts = [
      ...flows.map((flow) => [flow, say(this._hass, SPOKEN[flow][0])]),
      ...(isForecast ? [["mean", say(this._hass, "forecast")]] : []),
      ...[...bands].map((band) => [`tint ${PRICES[band] ?? ""}`, this._nameOf(band)]),
    ];
    return parts.map(([kind, text]) => {
      const part = element("span", {}, text);
      part.prepend(element("i", { class: kind }));
      return part;
    });
  }

  /** Show which quarter is running. */
  _showTime() {
    if (!this._row.length || !this._scale) {
      return;
    }
    const now = Date.now();
    this._parts.now.hidden = now > this._scale.end;
    this._place(this._parts.now, now);
    if (this._chosen === null && this._index() !== this._marked) {
      this._mark();
    }
  }

  /** The place of the quarter that is told, in the row. */
  _index() {
    const time = this._chosen ?? Date.now();
    const after = this._row.findIndex(({ begin }) => begin + QUARTER > time);
    return after < 0 ? this._row.length - 1 : after;
  }

  /** Mark a quarter, and tell of it. */
  _mark() {
    this._marked = this._index();
    const { begin } = this._row[this._marked];
    const text = this._say(this._row[this._marked]);
    this._write({ detail: text });
    this._parts.chart.setAttribute("aria-valuenow", this._marked);
    this._parts.chart.setAttribute("aria-valuetext", text);
    this._parts.cursor.hidden = this._chosen === null;
    this._place(this._parts.cursor, begin + QUARTER / 2);
  }

  /** What a quarter came or will come to, in words. */
  _say(quarter) {
    const { begin, isForecast } = quarter;
    const day = dayIn(begin) === dayIn(Date.now()) ? "" : `${formatDay(this._hass, begin, "long")}, `;
    const time = `${day}${formatQuarter(this._hass, begin)}`;
    const told = FLOWS.filter((flow) => isShown(quarter, flow)).map((flow) => say(this._hass, SPOKEN[flow][1], { power: this._sayPower(quarter[flow], isForecast) }));
    const key = told.length ? (isForecast ? "day_will" : "day_was") : "quarter_unknown";
    const band = this._bands.find((each) => each.begin <= begin && begin < each.end);
    return [say(this._hass, key, { time, flows: told.join(", ") }), band && this._nameOf(band.band)].filter(Boolean).join(" · ");
  }

  _sayPower({ mean, low, high }, isForecast) {
    const power = formatPower(this._hass, mean);
    return isForecast ? say(this._hass, "day_between", { power, least: formatNumber(this._hass, low, 2), most: formatPower(this._hass, high) }) : power;
  }

  _choose(begin) {
    if (begin !== this._chosen && this._row.length) {
      this._chosen = begin;
      this._mark();
    }
  }

  _point({ clientX }) {
    const { left, width } = this._parts.chart.getBoundingClientRect();
    const time = this._scale.begin + ((clientX - left) / width) * (this._scale.end - this._scale.begin);
    this._choose(this._row.find(({ begin }) => begin + QUARTER > time)?.begin ?? null);
  }

  _walk(event) {
    const last = this._row.length - 1;
    const at = this._marked;
    const steps = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, PageDown: at - QUARTERS_AN_HOUR, PageUp: at + QUARTERS_AN_HOUR, Home: 0, End: last };
    const next = steps[event.key];
    if (next === undefined) {
      return;
    }
    event.preventDefault();
    this._choose(this._row[Math.max(0, Math.min(last, next))].begin);
  }
}

/** The card, for an entity that says what is to come. */
export function suggestDayCard(hass, entityId) {
  const meter = suggestedMeter(hass, entityId, SUGGESTED, "load_forecast");
  return meter && { config: { type: `custom:${DAY_CARD}`, device_id: meter.id } };
}
