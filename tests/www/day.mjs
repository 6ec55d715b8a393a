// A day as `get_forecast` answers it.

const QUARTER = 900_000;

/** Midnight of a day in Brussels. */
export const midnight = (day, offset = "+01:00") => Date.parse(`${day}T00:00:00${offset}`);

export const NIGHT = midnight("2026-11-26");

const time = (moment) => new Date(moment).toISOString();
const known = (mean) => (mean === null ? null : { mean, low: mean / 2, high: mean * 2 });

/** So many quarters since midnight that had a power, and so many that are forecast; by functions of the place. */
export function answerOf({ begin = NIGHT, today = 4, ahead = 4, imported = () => 1, exported = () => 0, bands = [], score = {} } = {}) {
  const at = (place) => time(begin + place * QUARTER);
  return {
    today: Array.from({ length: today }, (_, place) => ({ begin: at(place), import: imported(place), export: exported(place) })),
    slots: Array.from({ length: ahead }, (_, more) => ({ begin: at(today + more), import: known(imported(today + more)), export: known(exported(today + more)), room: 1 })),
    bands,
    score: { import: { mean_error: null, share_within_band: null, ...score }, export: {} },
  };
}
