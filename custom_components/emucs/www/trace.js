// The power of the last minutes, and the path that draws it. Computes only: the card shows it.

export const SPAN = 300_000; // ms
export const WIDTH = 300;
export const HEIGHT = 64;
const MARGIN = 2; // for the width of the line
// Meters send fewer in that time.
const MOST = 1000;

/** Powers in kW by time, in ms of `Date.now`. Each lasts until the next one; null is unknown. */
export class Trace {
  constructor() {
    this.points = [];
  }

  add(time, power) {
    if (time < this.points.at(-1)?.time) {
      // The clock was set back.
      this.points = [];
    }
    this.points.push({ time, power });
    this._forget(time);
  }

  /** Since when the power has been unknown; `now` if it is known. */
  unknownSince(now) {
    const last = this.points.at(-1);
    return last?.power != null ? now : Math.max(now - SPAN, last?.time ?? -Infinity);
  }

  /** Fill a gap with recorded points, from `begin` to the next known point. */
  fill(begin, recorded) {
    const before = this.points.filter(({ time }) => time < begin);
    const after = this.points.filter(({ time }) => time > begin);
    const end = after[0]?.time ?? Infinity;
    this.points = [...before, ...recorded.filter(({ time }) => time >= begin && time < end), ...after];
  }

  /** The least and the highest power of the last minutes; null where none is known. */
  range(now) {
    this._forget(now);
    const known = this.points.map(({ power }) => power).filter((power) => power !== null);
    return known.length ? { least: Math.min(...known), most: Math.max(...known) } : null;
  }

  /** The path of the line and of the area below it, on a scale from `low` to `high`. */
  draw(now, { low, high }) {
    const x = (time) => (WIDTH * Math.min(1, Math.max(0, 1 - (now - time) / SPAN))).toFixed(1);
    const y = (power) => (MARGIN + ((HEIGHT - 2 * MARGIN) * (high - power)) / (high - low)).toFixed(1);
    const line = [];
    const area = [];
    this.points.forEach(({ time, power }, index) => {
      if (power === null) {
        return;
      }
      const goesOn = index > 0 && this.points[index - 1].power !== null;
      const until = x(this.points[index + 1]?.time ?? now);
      const isLast = this.points[index + 1]?.power === null || index === this.points.length - 1;
      line.push(goesOn ? `V${y(power)}` : `M${x(time)} ${y(power)}`, `H${until}`);
      area.push(goesOn ? "" : `M${x(time)} ${y(0)}`, `V${y(power)}H${until}`, isLast ? `V${y(0)}Z` : "");
    });
    return { line: line.join(""), area: area.join(""), zero: y(0) };
  }

  /** Drop points that ended before the last minutes. */
  _forget(now) {
    const first = this.points.findIndex((_, index) => (this.points[index + 1]?.time ?? Infinity) > now - SPAN);
    this.points.splice(0, Math.max(first, this.points.length - MOST));
  }
}
