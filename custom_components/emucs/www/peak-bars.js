// The month peaks as bars: the running month and the twelve before it, over the least that is billed.

import { Bars } from "./bars.js";
import { formatMonth, formatNumber, formatPower, formatTime, latestMonths } from "./format.js";
import { element } from "./page-parts.js";
import { say } from "./texts.js";

const MONTHS = 13;

export class PeakBars extends Bars {
  /** Show what `get_peaks` answered; null where it could not, undefined while it has not. */
  show(hass, peaks) {
    this._hass = hass;
    if (peaks === undefined) {
      return;
    }
    const title = say(hass, "month_peaks");
    if (!peaks?.months.length) {
      this._showNothing(title, say(hass, peaks ? "no_peaks" : "peaks_failed"));
      return;
    }
    this._byMonth = new Map(peaks.months.map((each) => [each.month, each]));
    this._level = peaks.floor ?? 0;
    const places = latestMonths(Date.now(), MONTHS);
    this._showBars({ title, places, level: this._level, below: [this._axis(places), this._legend(peaks.average)] });
  }

  _height(month) {
    return this._byMonth.get(month)?.billed ?? 0;
  }

  _kind(month) {
    return month === this._places.at(-1) ? "bar running" : "bar";
  }

  _boxes(month) {
    const known = this._byMonth.get(month);
    return known ? [this._box("billed", known.billed), this._box("peak", known.peak), this._number(formatNumber(this._hass, known.peak, 1), known.billed)] : [];
  }

  _axis(months) {
    const axis = element("div", { class: "months", "aria-hidden": "true" });
    for (const month of months) {
      const label = element("span");
      for (const width of ["narrow", "short"]) {
        label.append(element("span", { class: width }, formatMonth(this._hass, month, width)));
      }
      axis.append(label);
    }
    return axis;
  }

  _legend(average) {
    const legend = element("p", { class: "legend" });
    if (this._level) {
      legend.append(this._lineLegend(say(this._hass, "floor")));
    }
    if (average) {
      const months = average.known_months;
      const values = { months, power: formatPower(this._hass, average.value) };
      legend.append(element("span", {}, say(this._hass, months === 1 ? "average_one" : "average", values)));
    }
    return legend;
  }

  /** What a month's peak was, in words. */
  _say(month) {
    const known = this._byMonth.get(month);
    const name = formatMonth(this._hass, month, "long");
    if (!known) {
      return say(this._hass, "month_unknown", { month: name });
    }
    // An export of the grid operator says how high a month's peak was, and not when.
    const origin = known.source === "imported" && say(this._hass, "imported");
    const peak = [formatPower(this._hass, known.peak), formatTime(this._hass, known.time), origin].filter(Boolean).join(", ");
    const values = { month: name, peak, billed: formatPower(this._hass, known.billed) };
    return say(this._hass, known.billed > known.peak ? "month_billed" : "month_detail", values);
  }
}
