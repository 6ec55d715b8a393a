// Today's quarter-hours and those that are forecast: what of them is drawn where. Computes only: cards show it.

import { dayIn, weekHour } from "./format.js";
import { niceEnd } from "./quarter.js";

export const QUARTER = 900_000; // ms
export const WIDTH = 1000;
export const HEIGHT = 200;
export const FLOWS = ["imported", "exported"];

const HOURS = 24;
const HOUR = 3_600_000; // ms
const QUARTERS_AN_HOUR = 4;
const LEAST_END = 0.5; // kW: the scale of a house at rest is no smaller
const LEAST_EXPORT = 0.005; // kW: what is less is no export
// Of a day that the clock is changed on, by the hour that it is 24 hours after midnight.
const HOURS_MORE = { 23: 1, 1: -1 };

/** Today's quarters that have ended, as `get_forecast` answered: means in kW, null where not known; and how many the day has. */
export function dayOf(answer, now) {
  const quarters = (answer?.today ?? []).map((each) => ({ begin: Date.parse(each.begin), imported: each.import, exported: each.export }));
  // Nothing has come since yesterday.
  if (!quarters.length || dayIn(quarters[0].begin) !== dayIn(now)) {
    return { quarters: [], length: 0 };
  }
  const more = HOURS_MORE[weekHour(quarters[0].begin + HOURS * HOUR) % HOURS] ?? 0;
  return { quarters, length: (HOURS + more) * QUARTERS_AN_HOUR };
}

/** What was and what is forecast, in one row: `mean`, `low` and `high` in kW of each flow, null where not known. */
export function rowOf(answer, now) {
  const exact = (mean) => (mean === null ? null : { mean, low: mean, high: mean });
  const measured = dayOf(answer, now).quarters.map(({ begin, imported, exported }) => ({ begin, isForecast: false, imported: exact(imported), exported: exact(exported) }));
  const end = measured.length ? measured.at(-1).begin : -Infinity;
  const forecast = (answer?.slots ?? []).map((each) => ({ begin: Date.parse(each.begin), isForecast: true, imported: each.import, exported: each.export }));
  const row = [...measured, ...forecast.filter(({ begin }) => begin > end)];
  // What is not known at the end is not to come.
  return row.slice(0, row.findLastIndex(({ imported, exported, isForecast }) => !isForecast || imported || exported) + 1);
}

/** Whether a flow is shown in a quarter: a house that exports nothing has no line of that. */
export function isShown(quarter, flow) {
  return quarter[flow] !== null && (flow === "imported" || quarter[flow].high >= LEAST_EXPORT);
}

/** Where things stand: `x` of a time, `y` of a flow in kW, `share` of a time from begin to end, and the ends of the scale in kW. */
export function scaleOf(row) {
  const begin = row[0].begin;
  const end = row.at(-1).begin + QUARTER;
  const [top, bottom] = FLOWS.map((flow) => {
    const known = row.filter((each) => isShown(each, flow)).map((each) => each[flow].high);
    return known.length || flow === "imported" ? niceEnd(Math.max(LEAST_END, ...known)) : 0;
  });
  const share = (time) => Math.max(0, Math.min(1, (time - begin) / (end - begin)));
  const y = (flow, power) => (HEIGHT * (top + (flow === "imported" ? -power : power))) / (top + bottom);
  return { begin, end, top, bottom, share, x: (time) => WIDTH * share(time), y };
}

/** The area of quarters between two of their values, such as `low` and `high`; from zero on where the first is none. */
export function areaOf(row, flow, [from, until], { x, y }) {
  const known = row.filter((each) => isShown(each, flow));
  const [left, right] = [({ begin }) => x(begin).toFixed(1), ({ begin }) => x(begin + QUARTER).toFixed(1)];
  const at = (each, name) => y(flow, each[flow][name] ?? 0).toFixed(1);
  return known.map((each) => `M${left(each)} ${at(each, until)}H${right(each)}V${at(each, from)}H${left(each)}Z`).join("");
}

/** The line of the means of quarters. */
export function lineOf(row, flow, { x, y }) {
  const steps = row.map((each, index) => {
    if (!isShown(each, flow)) {
      return "";
    }
    const level = y(flow, each[flow].mean).toFixed(1);
    const before = row[index - 1];
    const goesOn = before && isShown(before, flow) && before.begin + QUARTER === each.begin;
    return `${goesOn ? `V${level}` : `M${x(each.begin).toFixed(1)} ${level}`}H${x(each.begin + QUARTER).toFixed(1)}`;
  });
  return steps.join("");
}

/** The times at which each sixth hour of the clock begins; whether that is midnight or noon, and whether midnight. */
export function ticksOf({ begin, end }) {
  const ticks = [];
  for (let time = Math.ceil(begin / HOUR) * HOUR; time < end; time += HOUR) {
    const hour = weekHour(time) % HOURS;
    if (hour % 6 === 0) {
      ticks.push({ time, isHalf: hour % 12 === 0, isMidnight: hour === 0 });
    }
  }
  return ticks;
}

/** The time bands, as far as they are shown. */
export function bandsOf(answer, { begin, end }) {
  return (answer.bands ?? [])
    .map((each) => ({ band: each.band, begin: Math.max(begin, Date.parse(each.begin)), end: Math.min(end, Date.parse(each.end)) }))
    .filter((each) => each.begin < each.end);
}
