// Today's quarter-hours as bars, against the target: which of them passed it, and by how much.

import { Bars } from "./bars.js";
import { dayOf, QUARTER } from "./day.js";
import { formatNumber, formatPower, formatQuarter, formatTimeOfDay } from "./format.js";
import { element } from "./page-parts.js";
import { say } from "./texts.js";

const LABELLED = 24; // quarters between two labels
const ROUNDING = 0.005; // kW: what is no more above the line is said to be at it
// What is said of a quarter that is above what the line is.
const OVER = { floor: "quarter_over_floor" };

export class QuarterBars extends Bars {
  /** Show what `get_forecast` answered, over a target of `power` in kW that is called by the text of `key`. */
  show(hass, answer, { key, power }) {
    this._hass = hass;
    if (answer === undefined) {
      return;
    }
    const title = say(hass, "today_quarters");
    const { quarters, length } = dayOf(answer, Date.now());
    this._byBegin = new Map(quarters.map((each) => [String(each.begin), each]));
    if (!quarters.some(({ imported }) => imported !== null)) {
      this._showNothing(title, say(hass, answer ? "no_quarters" : "day_failed"));
      return;
    }
    this._length = length;
    this._highestOf = [...this._byBegin.keys()].reduce((one, other) => (this._height(other) > this._height(one) ? other : one));
    this._key = key;
    this._level = power ?? 0;
    const legend = element("p", { class: "legend" });
    if (this._level) {
      legend.append(this._lineLegend(say(hass, key)));
    }
    this._showBars({ title, places: [...this._byBegin.keys()], level: this._level, below: [this._axis(quarters[0].begin), legend] });
  }

  _height(begin) {
    return this._byBegin.get(begin).imported ?? 0;
  }

  _isOver(begin) {
    return this._level > 0 && this._height(begin) >= this._level + ROUNDING;
  }

  _kind(begin) {
    return ["bar", "quarter", this._isOver(begin) && "over"].filter(Boolean).join(" ");
  }

  _boxes(begin) {
    const power = this._height(begin);
    const isHighest = power > 0 && begin === this._highestOf;
    return [this._box("peak", power), ...(isHighest ? [this._number(formatNumber(this._hass, power, 1), power)] : [])];
  }

  /** The bars, and the room that is left for the rest of the day. */
  _chart(title) {
    const chart = super._chart(title);
    chart.setAttribute("class", "bars quarters");
    const rest = element("span", { class: "rest" });
    rest.style.flexGrow = this._length - this._places.length;
    chart.append(rest);
    return chart;
  }

  _axis(midnight) {
    const axis = element("div", { class: "hours", "aria-hidden": "true" });
    for (let place = 0; place < this._length; place += LABELLED) {
      const label = element("span", {}, formatTimeOfDay(this._hass, midnight + place * QUARTER));
      label.style.flex = `${Math.min(LABELLED, this._length - place)} 1 0`;
      axis.append(label);
    }
    return axis;
  }

  /** What a quarter came to, in words. */
  _say(begin) {
    const { imported } = this._byBegin.get(begin);
    const time = formatQuarter(this._hass, Number(begin));
    if (imported === null) {
      return say(this._hass, "quarter_unknown", { time });
    }
    const values = { time, power: formatPower(this._hass, imported), over: formatPower(this._hass, imported - this._level) };
    return say(this._hass, this._isOver(begin) ? (OVER[this._key] ?? "quarter_over") : "quarter_was", values);
  }
}
