// The dashboard: the same five views for every household, of stock cards wherever they do.

import { Banner } from "./banner.js";
import { electricityMeters, meterOfDevice, nameOf } from "./meter.js";
import { say } from "./texts.js";
import { VIEWS, visible } from "./views.js";

const MOST_COLUMNS = 3;

/**
 * The configuration of the whole dashboard: of all meters, or of the one that `device_id` names. `preferences` are those of
 * Home Assistant's energy dashboard.
 */
export function dashboard(hass, { device_id } = {}, preferences = null) {
  const title = say(hass, "dashboard_name");
  const meters = device_id ? [meterOfDevice(hass, device_id)].filter(Boolean) : electricityMeters(hass);
  if (!meters.length) {
    const nothing = { type: "markdown", content: say(hass, "no_meter") };
    return { views: [{ title, type: "sections", sections: [{ type: "grid", cards: [nothing] }] }] };
  }
  const views = VIEWS.map((each) => view(hass, each, meters, preferences));
  return { title, views: views.filter(({ sections }) => sections.length) };
}

function view(hass, [path, title, of], meters, preferences) {
  const filled = meters.map((meter) => [meter, of(hass, meter, visible(hass, meter), preferences).filter(Boolean)]).filter(([, found]) => found.length);
  const widest = Math.max(0, ...filled.map(([, found]) => found.length));
  // Whatever is missing is said once a meter, on top of all that is missing.
  const sections = filled.flatMap(([meter, found]) => [...banner(hass, meter), ...found.map((each) => named(each, meters.length > 1 && meter))]);
  return { title: say(hass, title), path, type: "sections", max_columns: Math.min(MOST_COLUMNS, widest || 1), dense_section_placement: true, sections };
}

/** A section with the name of its meter in front, where there are several. */
function named(section, meter) {
  const [heading, ...cards] = section.cards;
  return meter ? { ...section, cards: [{ ...heading, heading: `${nameOf(meter)} · ${heading.heading}` }, ...cards] } : section;
}

/** What is said while no telegrams come from a meter: why, and what to do. */
function banner(hass, meter) {
  const [link] = visible(hass, meter).link ?? [];
  const visibility = [{ condition: "state", entity: link, state_not: "on" }];
  const cards = [{ type: `custom:${Banner.NAME}`, device_id: meter.id, grid_options: { columns: "full" } }];
  return link ? [{ type: "grid", column_span: MOST_COLUMNS, visibility, cards }] : [];
}
