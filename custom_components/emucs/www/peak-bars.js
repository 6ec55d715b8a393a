// The month peaks as bars: the running month and the twelve before it, over the least that is billed.

import { formatMonth, formatNumber, formatPower, formatTime, latestMonths } from "./format.js";
import { element } from "./page-parts.js";
import { say } from "./texts.js";

const MONTHS = 13;
const TOP = 1.1; // room above the highest bar

/** Draws into a section, and lets the user walk through the bars by arrow keys. */
export class PeakBars {
  constructor(section) {
    this._section = section;
    this._chosen = null;
    section.addEventListener("keydown", (event) => this._walk(event));
    section.addEventListener("click", (event) => this._choose(event.target.closest("button")));
    section.addEventListener("focusin", (event) => this._choose(event.target.closest("button")));
    section.addEventListener("pointerover", (event) => this._choose(event.target.closest("button")));
  }

  /** Show what `get_peaks` answered; null where it could not, undefined while it has not. */
  show(hass, peaks) {
    this._hass = hass;
    if (peaks === undefined) {
      return;
    }
    const heading = element("h3", {}, say(hass, "month_peaks"));
    if (!peaks?.months.length) {
      this._section.replaceChildren(heading, element("p", { class: "detail" }, say(hass, peaks ? "no_peaks" : "peaks_failed")));
      return;
    }
    const focused = this._section.getRootNode().activeElement?.dataset.month;
    this._floor = peaks.floor ?? 0;
    this._byMonth = new Map(peaks.months.map((each) => [each.month, each]));
    this._months = latestMonths(Date.now(), MONTHS);
    this._chosen = this._months.includes(this._chosen) ? this._chosen : this._months.at(-1);
    this._detail = element("p", { class: "detail" });
    this._section.replaceChildren(heading, this._chart(), this._axis(), this._legend(peaks.average), this._detail);
    this._mark();
    if (focused) {
      this._button(focused)?.focus();
    }
  }

  _chart() {
    const highest = Math.max(this._floor, ...this._months.map((month) => this._byMonth.get(month)?.billed ?? 0)) * TOP;
    const chart = element("div", { class: "bars", role: "radiogroup", "aria-label": say(this._hass, "month_peaks") });
    const plot = (value) => `${(value / highest) * 100}%`;
    chart.append(...this._months.map((month) => this._bar(month, plot)));
    if (this._floor) {
      const line = element("div", { class: "line" });
      // The bars' own box begins below the room that is left for the numbers.
      line.style.bottom = `calc((100% - 14px) * ${this._floor / highest})`;
      chart.append(line);
    }
    return chart;
  }

  _bar(month, plot) {
    const known = this._byMonth.get(month);
    const running = month === this._months.at(-1);
    const name = running ? "bar running" : "bar";
    const attributes = { type: "button", role: "radio", class: name, "data-month": month, "aria-label": this._say(month) };
    const bar = element("button", attributes);
    if (known) {
      const number = element("span", { class: "value", "aria-hidden": "true" }, formatNumber(this._hass, known.peak, 1));
      number.style.bottom = plot(known.billed);
      bar.append(box("billed", plot(known.billed)), box("peak", plot(known.peak)), number);
    }
    return bar;
  }

  _axis() {
    const axis = element("div", { class: "months", "aria-hidden": "true" });
    for (const month of this._months) {
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
    if (this._floor) {
      const floor = element("span", {}, `${say(this._hass, "floor")} ${formatPower(this._hass, this._floor, 1)}`);
      floor.prepend(element("i"));
      legend.append(floor);
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

  _choose(button) {
    if (button && button.dataset.month !== this._chosen) {
      this._chosen = button.dataset.month;
      this._mark();
    }
  }

  /** Only the chosen bar is in the order of the tabulator; arrow keys reach the others. */
  _mark() {
    for (const bar of this._section.querySelectorAll(".bar")) {
      const chosen = bar.dataset.month === this._chosen;
      bar.tabIndex = chosen ? 0 : -1;
      bar.setAttribute("aria-checked", chosen);
    }
    this._detail.textContent = this._say(this._chosen);
  }

  _walk(event) {
    if (!event.target.closest(".bar")) {
      return;
    }
    const last = this._months.length - 1;
    const position = this._months.indexOf(this._chosen);
    const rtl = getComputedStyle(this._section).direction === "rtl" ? -1 : 1;
    const [before, after] = [position - 1, position + 1];
    const [left, right] = [position - rtl, position + rtl];
    const next = { ArrowUp: before, ArrowDown: after, ArrowLeft: left, ArrowRight: right, Home: 0, End: last }[event.key];
    if (next === undefined) {
      return;
    }
    event.preventDefault();
    this._button(this._months[Math.max(0, Math.min(last, next))]).focus();
  }

  _button(month) {
    return this._section.querySelector(`[data-month="${month}"]`);
  }
}

function box(name, height) {
  const span = element("span", { class: name });
  // Of the height that the numbers leave.
  span.style.height = height;
  return span;
}
