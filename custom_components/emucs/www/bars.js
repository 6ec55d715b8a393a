// Bars beside each other, of which one is chosen and told in words below.

import { formatPower } from "./format.js";
import { element } from "./page-parts.js";

const TOP = 1.1; // room above the highest bar
const LEAST = 0.1; // kW: the scale where there is nothing
const TOUCH = "touch";

/**
 * Draws into a section, and lets the user walk through the bars by arrow keys. What extends it has a `title`, the `places` of
 * its bars, and says by `_say` what is at each.
 */
export class Bars {
  constructor(section) {
    this._section = section;
    this._chosen = null;
    section.addEventListener("keydown", (event) => this._walk(event));
    for (const type of ["click", "focusin", "pointerover"]) {
      section.addEventListener(type, (event) => this._choose(event.target.closest("button")?.dataset.place));
    }
    // Fingers are wider than bars: what is below one is chosen while it moves.
    section.addEventListener("pointermove", (event) => event.pointerType === TOUCH && event.target.closest(".bars") && this._choose(this._below(event)));
  }

  /** Show that there is nothing, in words. */
  _showNothing(title, text) {
    this._section.replaceChildren(element("h3", {}, title), element("p", { class: "detail" }, text));
  }

  /** Show the bars of some places, with a line at `level` in kW, and what stands below them. */
  _showBars({ title, places, level, below }) {
    const focused = this._section.getRootNode().activeElement?.dataset.place;
    const wasLast = this._places === undefined || this._chosen === this._places.at(-1);
    this._places = places;
    this._chosen = places.includes(this._chosen) && !wasLast ? this._chosen : places.at(-1);
    this._level = level;
    this._highest = Math.max(LEAST, level, ...places.map((place) => this._height(place))) * TOP;
    this._detail = element("p", { class: "detail" });
    this._section.replaceChildren(element("h3", {}, title), this._chart(title), ...below, this._detail);
    this._mark();
    if (focused) {
      this._button(focused)?.focus();
    }
  }

  _chart(title) {
    const chart = element("div", { class: "bars", role: "radiogroup", "aria-label": title });
    chart.append(...this._places.map((place) => this._bar(place)));
    if (this._level) {
      const line = element("div", { class: "line" });
      // The bars' own box begins below the room that is left for the numbers.
      line.style.bottom = `calc((100% - 14px) * ${this._level / this._highest})`;
      chart.append(line);
    }
    return chart;
  }

  _bar(place) {
    const bar = element("button", { type: "button", role: "radio", class: this._kind(place), "data-place": place, "aria-label": this._say(place) });
    bar.append(...this._boxes(place));
    return bar;
  }

  /** A part of a bar, up to a power in kW. */
  _box(name, power) {
    const box = element("span", { class: name });
    box.style.height = this._plot(power);
    return box;
  }

  /** A number on top of a bar. */
  _number(text, power) {
    const number = element("span", { class: "value", "aria-hidden": "true" }, text);
    number.style.bottom = this._plot(power);
    return number;
  }

  _plot(power) {
    return `${(power / this._highest) * 100}%`;
  }

  /** What the line is, in words. */
  _lineLegend(text) {
    const legend = element("span", {}, `${text} ${formatPower(this._hass, this._level, 1)}`);
    legend.prepend(element("i"));
    return legend;
  }

  _choose(place) {
    if (place !== undefined && place !== this._chosen) {
      this._chosen = place;
      this._mark();
    }
  }

  _below({ clientX }) {
    const bars = [...this._section.querySelectorAll(".bar")];
    return bars.find((bar) => bar.getBoundingClientRect().right > clientX)?.dataset.place;
  }

  /** Only the chosen bar is in the order of the tabulator; arrow keys reach the others. */
  _mark() {
    for (const bar of this._section.querySelectorAll(".bar")) {
      const chosen = bar.dataset.place === this._chosen;
      bar.tabIndex = chosen ? 0 : -1;
      bar.setAttribute("aria-checked", chosen);
    }
    this._detail.textContent = this._say(this._chosen);
  }

  _walk(event) {
    if (!event.target.closest(".bar")) {
      return;
    }
    const last = this._places.length - 1;
    const position = this._places.indexOf(this._chosen);
    const rtl = getComputedStyle(this._section).direction === "rtl" ? -1 : 1;
    const [before, after] = [position - 1, position + 1];
    const [left, right] = [position - rtl, position + rtl];
    const next = { ArrowUp: before, ArrowDown: after, ArrowLeft: left, ArrowRight: right, Home: 0, End: last }[event.key];
    if (next === undefined) {
      return;
    }
    event.preventDefault();
    this._button(this._places[Math.max(0, Math.min(last, next))]).focus();
  }

  _button(place) {
    return this._section.querySelector(`[data-place="${place}"]`);
  }
}
