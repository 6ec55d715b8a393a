// What flows from where to where, of the powers of a house. Computes only: the card shows it.

import { kilowattsOf } from "./meter.js";

/** The entities of the powers that the energy dashboard's preferences name: of the sun, and of batteries. */
export function sourcesOf(preferences) {
  const of = (type) => (preferences?.energy_sources ?? []).filter((each) => each.type === type).map(({ stat_rate }) => stat_rate ?? null);
  return { sun: of("solar"), battery: of("battery") };
}

/** The sum of some powers in kW; null where one of them is not known, undefined without any. */
export function sumOf(hass, ids) {
  return ids.length ? ids.reduce((sum, id) => add(sum, kilowattsOf(hass.states[id])), 0) : undefined;
}

/** What the house draws in kW: from the grid, the sun and the battery, each above 0 where it gives. */
export function houseOf({ grid, sun = 0, battery = 0 }) {
  const power = add(add(grid, sun), battery);
  // An inverter that tells its power later than the meter.
  return power === null ? null : Math.max(0, power);
}

/**
 * What flows in kW, by `from_to`, in the order in which Home Assistant's energy dashboard allocates energy: what is
 * stored first, what is exported then, and the house takes the rest.
 */
export function flowsOf({ grid, sun, battery }) {
  const given = { sun: Math.max(0, sun ?? 0), battery: Math.max(0, battery ?? 0), grid: Math.max(0, grid ?? 0) };
  const taken = { battery: Math.max(0, -(battery ?? 0)), grid: Math.max(0, -(grid ?? 0)) };
  taken.house = houseOf({ grid: grid ?? 0, sun, battery });
  const flows = {};
  const flow = (from, to, most = Infinity) => {
    const power = Math.min(given[from], taken[to], most);
    given[from] -= power;
    taken[to] -= power;
    flows[`${from}_${to}`] = (flows[`${from}_${to}`] ?? 0) + power;
  };
  flow("grid", "battery", Math.max(0, given.grid - taken.house));
  flow("sun", "battery");
  flow("sun", "grid");
  flow("battery", "grid");
  flow("grid", "battery");
  for (const from of ["sun", "battery", "grid"]) {
    flow(from, "house");
  }
  return flows;
}

function add(one, other) {
  return one === null || other === null ? null : one + other;
}
