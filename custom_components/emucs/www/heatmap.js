// The week as a grid: a row for each day, a cell for each hour, coloured by its mean import; recurring peaks are marked.

import { formatClock, formatPower, formatWeekday, weekHour } from "./format.js";
import { element } from "./page-parts.js";
import { niceEnd } from "./quarter.js";
import { say } from "./texts.js";

const HOURS = 24;
const DAYS = 7;
const HOUR = 60; // minutes
const LABELLED = 6; // hours between two labels
const SATURDAY = 5;
const PEAK = { weekdays: "recurring_weekdays", weekends: "recurring_weekends" };
const LEAST_END = 0.5; // kW: the scale of a house at rest is no smaller

/** Draws into a section, and lets the user walk through the cells by arrow keys. */
export class Heatmap {
  constructor(section) {
    this._section = section;
    this._chosen = null;
    section.addEventListener("keydown", (event) => this._walk(event));
    for (const type of ["click", "focusin", "pointerover"]) {
      section.addEventListener(type, (event) => this._choose(event.target.closest(".cell")));
    }
  }

  /** Show the means of each hour in kW, null where they are not known, and the peaks, as `recurring_peak` has them. */
  show(hass, week, peaks) {
    const focused = this._section.getRootNode().activeElement?.dataset.place;
    this._hass = hass;
    this._week = week;
    this._peaks = peaks.map((peak) => ({ ...peak, from: minutesOf(peak.begin), to: minutesOf(peak.end) || HOURS * HOUR }));
    this._end = niceEnd(Math.max(LEAST_END, ...week.flat()));
    this._chosen ??= weekHour(Date.now());
    this._detail = element("p", { class: "detail" });
    this._section.replaceChildren(this._grid(), this._axis(), this._legend(), this._detail, this._list());
    this._mark();
    if (focused) {
      this._cell(focused).focus();
    }
  }

  _grid() {
    const grid = element("div", { class: "grid", role: "grid", "aria-readonly": "true", "aria-label": say(this._hass, "heatmap_title") });
    this._week.forEach((hours, day) => {
      const row = element("div", { class: "row", role: "row" });
      const header = element("span", { class: "day", role: "rowheader", "aria-label": formatWeekday(this._hass, day, "long") });
      header.textContent = formatWeekday(this._hass, day, "short");
      row.append(header, ...hours.map((mean, hour) => this._drawn(day, hour, mean)));
      grid.append(row);
    });
    return grid;
  }

  _drawn(day, hour, mean) {
    const recurs = this._peaksAt(day, hour).length > 0;
    const name = ["cell", mean === null && "unknown", recurs && "recurs"].filter(Boolean).join(" ");
    const cell = element("div", { class: name, role: "gridcell", "data-place": day * HOURS + hour, "aria-label": this._say(day, hour) });
    cell.style.background = mean === null ? "" : heat(mean / this._end);
    return cell;
  }

  _axis() {
    const axis = element("div", { class: "axis", "aria-hidden": "true" });
    for (let hour = 0; hour < HOURS; hour += LABELLED) {
      axis.append(element("span", {}, formatClock(this._hass, hour * HOUR)));
    }
    return axis;
  }

  _legend() {
    const legend = element("p", { class: "legend", "aria-hidden": "true" });
    const scale = element("span", {}, formatPower(this._hass, this._end, this._end < 1 ? 1 : 0));
    const bar = element("i", { class: "scale" });
    bar.style.background = `linear-gradient(to right, ${[0, 0.5, 1].map(heat).join(", ")})`;
    scale.prepend(element("span", {}, "0"), bar);
    legend.append(scale);
    if (this._peaks.length) {
      const mark = element("span", {}, say(this._hass, "recurring"));
      mark.prepend(element("i", { class: "mark" }));
      legend.append(mark);
    }
    return legend;
  }

  /** All recurring peaks, in words. */
  _list() {
    if (!this._peaks.length) {
      return element("p", { class: "none" }, say(this._hass, "no_recurring"));
    }
    const list = element("ul", { class: "recurring", "aria-label": say(this._hass, "recurring") });
    list.append(...this._peaks.map((peak) => element("li", {}, this._sayPeak(peak))));
    return list;
  }

  _peaksAt(day, hour) {
    const kind = day < SATURDAY ? "weekdays" : "weekends";
    return this._peaks.filter((peak) => peak.kind === kind && peak.from < (hour + 1) * HOUR && peak.to > hour * HOUR);
  }

  _sayPeak({ kind, from, to, power, days, known_days: known }) {
    const [begin, end] = [from, to].map((minutes) => formatClock(this._hass, minutes));
    return say(this._hass, PEAK[kind], { begin, end, days, known, power: formatPower(this._hass, power, 1) });
  }

  /** What an hour of the week is like, in words. */
  _say(day, hour) {
    const mean = this._week[day][hour];
    const [begin, end] = [hour, hour + 1].map((each) => formatClock(this._hass, each * HOUR));
    const values = { day: formatWeekday(this._hass, day, "long"), begin, end, power: formatPower(this._hass, mean) };
    const told = say(this._hass, mean === null ? "hour_unknown" : "hour_mean", values);
    const peaks = this._peaksAt(day, hour).map((peak) => `${say(this._hass, "recurring")}: ${this._sayPeak(peak)}`);
    return [told, ...peaks].join(". ");
  }

  _choose(cell) {
    if (cell && Number(cell.dataset.place) !== this._chosen) {
      this._chosen = Number(cell.dataset.place);
      this._mark();
    }
  }

  /** Only the chosen cell is in the order of the tabulator; arrow keys reach the others. */
  _mark() {
    for (const cell of this._section.querySelectorAll(".cell")) {
      const chosen = Number(cell.dataset.place) === this._chosen;
      cell.tabIndex = chosen ? 0 : -1;
      cell.setAttribute("aria-selected", chosen);
    }
    this._detail.textContent = this._say(Math.floor(this._chosen / HOURS), this._chosen % HOURS);
  }

  _walk(event) {
    if (!event.target.closest(".cell")) {
      return;
    }
    const [day, hour] = [Math.floor(this._chosen / HOURS), this._chosen % HOURS];
    const forward = getComputedStyle(this._section).direction === "rtl" ? -1 : 1;
    const ends = event.ctrlKey ? [0, 0, DAYS - 1, HOURS - 1] : [day, 0, day, HOURS - 1];
    const next = {
      ArrowUp: [day - 1, hour],
      ArrowDown: [day + 1, hour],
      ArrowLeft: [day, hour - forward],
      ArrowRight: [day, hour + forward],
      Home: ends.slice(0, 2),
      End: ends.slice(2),
    }[event.key];
    if (!next) {
      return;
    }
    event.preventDefault();
    this._cell(within(next[0], DAYS) * HOURS + within(next[1], HOURS)).focus();
  }

  _cell(place) {
    return this._section.querySelector(`[data-place="${place}"]`);
  }
}

function within(position, count) {
  return Math.max(0, Math.min(count - 1, position));
}

/** The minutes since midnight of a time such as `18:15`. */
function minutesOf(clock) {
  const [hours, minutes] = clock.split(":").map(Number);
  return hours * HOUR + minutes;
}

/** The colour of a share of the scale: no import has that of the card's ground, more or less. */
function heat(share) {
  return `color-mix(in srgb, var(--primary-color) ${Math.round(8 + 92 * share)}%, var(--card-background-color, #fff))`;
}
