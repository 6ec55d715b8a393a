// What the views of the dashboard are made of: stock cards in sections, of the entities that a meter has.

export const WHOLE = { columns: 12 };
export const HALF = { columns: 6 };
export const THIRD = { columns: 4 };
const DAYS = 14;
const ITSELF = { type: "entity" }; // an entity's own name, without that of its device
const UNKNOWN = ["unknown", "unavailable"];

/** The condition under which an entity has a value. */
export function isKnown(entity) {
  return { condition: "state", entity, state_not: UNKNOWN };
}

function anyKnown(ids) {
  return [{ condition: "or", conditions: ids.map(isKnown) }];
}

/** A section with a heading, or null if there is nothing to put into it. */
export function section(heading, icon, cards, more = {}) {
  const filled = cards.filter(Boolean);
  return filled.length ? { type: "grid", ...together(filled), cards: [{ type: "heading", heading, icon, ...more }, ...filled] } : null;
}

/** A heading within a section and its cards; nothing if there are none. */
export function part(heading, cards) {
  const filled = cards.filter(Boolean);
  return filled.length ? [{ type: "heading", heading, heading_style: "subtitle", ...together(filled) }, ...filled] : [];
}

/** The visibility of what belongs to some cards: where all of them are hidden while they have no value, so is that. */
function together(cards) {
  const conditions = cards.flatMap(({ visibility }) => visibility ?? []);
  return cards.every(({ visibility }) => visibility) ? { visibility: [{ condition: "or", conditions }] } : {};
}

/** A tile of an entity, while that has a value. */
export function tile(entity, grid_options = HALF, more = {}) {
  const visibility = [isKnown(entity)];
  return entity && { type: "tile", entity, name: ITSELF, vertical: grid_options === THIRD, grid_options, visibility, ...more };
}

/** A tile for each entity that is there, of some keys. */
export function tiles(shown, keys, grid = HALF) {
  return keys.flatMap((key) => shown[key] ?? []).map((id) => tile(id, grid));
}

/** A list of the entities that are there, of some keys: each is shown while it has a value. */
export function list(shown, keys) {
  const ids = keys.flatMap((key) => shown[key] ?? []);
  const entities = ids.map((entity) => ({ type: "conditional", conditions: [isKnown(entity)], row: { entity, name: ITSELF } }));
  return ids.length > 0 && { type: "entities", entities, visibility: anyKnown(ids), grid_options: WHOLE };
}

/** A list of those attributes of an entity that are known, by their units; 0 of what there should be nothing of is not shown. */
export function attributes(hass, entity, units, lack) {
  const state = hass.states?.[entity];
  const entities = Object.keys(units)
    .filter((attribute) => state?.attributes[attribute] != null && (attribute !== lack || state.attributes[attribute]))
    .map((attribute) => ({ type: "attribute", entity, attribute, name: hass.formatEntityAttributeName?.(state, attribute) ?? attribute, suffix: units[attribute] }));
  return entities.length > 0 && { type: "entities", entities, grid_options: WHOLE };
}

/** What a counter came to today, or so many days before, as Home Assistant's energy dashboard has it. */
export function today(entity, name = ITSELF, daysBefore = 0) {
  const period = { calendar: { period: "day", offset: -daysBefore || 0 } };
  return entity && { type: "statistic", entity, name, stat_type: "change", period, grid_options: HALF };
}

/** How much a day, of counters. */
export function perDay(counters, days = DAYS) {
  const entities = counters.map((entity) => ({ entity, name: ITSELF }));
  const more = { chart_type: "bar", period: "day", days_to_show: days, stat_types: ["change"] };
  return counters.length > 0 && { type: "statistics-graph", entities, hide_legend: counters.length === 1, grid_options: WHOLE, ...more };
}

/** The course of some states. */
export function graph(ids, hours) {
  const entities = ids.map((entity) => ({ entity, name: ITSELF }));
  return ids.length > 0 && { type: "history-graph", entities, hours_to_show: hours, visibility: anyKnown(ids), grid_options: WHOLE };
}

/** A text that is there while an entity has no value. */
export function until(entity, content) {
  const visibility = [{ condition: "state", entity, state: "unknown" }];
  return entity && { type: "markdown", content, visibility, grid_options: WHOLE };
}
