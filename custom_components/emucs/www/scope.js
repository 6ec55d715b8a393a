// What the oscilloscope draws: paths of one period, and bars of the harmonics. Computes only: the card shows it.

export const WIDTH = 300;
export const HEIGHT = 120;
export const BARS = 90; // the height of the spectrum
const MARGIN = 2; // for the width of the lines
const FIRST = 2; // the lowest harmonic
const LAST = 25;
const ROUND = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** The end of a scale in round numbers, for some values; no less than `least`. */
export function endOf(values, least) {
  const highest = values.reduce((most, value) => Math.max(most, Math.abs(value)), least);
  const unit = 10 ** Math.floor(Math.log10(highest));
  // Rounding may leave the value just above the number that it is.
  return unit * ROUND.find((each) => each * unit >= highest * (1 - 1e-9));
}

/** The path of a period, of values from `-end` to `end`; its end is its begin, one period later. */
export function pathOf(values, end) {
  const step = WIDTH / values.length;
  const y = (value) => (HEIGHT / 2 - (value / end) * (HEIGHT / 2 - MARGIN)).toFixed(1);
  return [...values, values[0]].map((value, index) => `${index ? "L" : "M"}${(index * step).toFixed(1)} ${y(value)}`).join("");
}

/** The path of the bars of a phase, which is number `place` of `count`, on a scale of `end` per cent. */
export function barsOf(harmonics, end, place, count) {
  const slot = WIDTH / (LAST - FIRST + 1);
  const width = (slot * 0.8) / count;
  return harmonics
    .slice(0, LAST - FIRST + 1)
    .map((share, index) => {
      const x = index * slot + slot * 0.1 + place * width;
      return `M${x.toFixed(1)} ${BARS}v${(-Math.min(1, share / end) * (BARS - MARGIN)).toFixed(1)}h${width.toFixed(1)}V${BARS}Z`;
    })
    .join("");
}

/** Where the names of some orders stand, in per cent of the width. */
export function orders() {
  const slot = 100 / (LAST - FIRST + 1);
  return [3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25].map((order) => ({ order, at: (order - FIRST + 0.5) * slot }));
}
