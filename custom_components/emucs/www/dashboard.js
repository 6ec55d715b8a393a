// The meter dashboard: a view for each electricity meter, of stock cards wherever they do.

import { LIVE_CARD } from "./live-card.js";
import { electricityMeters, entitiesOf, mbusMeters, nameOf } from "./meter.js";
import { CARD } from "./quarter-card.js";
import { ReportLinks } from "./report-links.js";
import { say } from "./texts.js";

const WHOLE = { columns: 12 };
const HALF = { columns: 6 };
const THIRD = { columns: 4 };
const DAYS = 14;
const MONEY = ["import", "export", "capacity_tariff"];
const BILL = [...MONEY, "import_energy", "export_energy"];
const LACK = "unpriced_energy";
const MEDIA = { gas: "mdi:fire", water: "mdi:water", heat: "mdi:radiator", cooling: "mdi:snowflake", electricity: "mdi:flash" };

/** The configuration of the whole dashboard. */
export function dashboard(hass) {
  const meters = electricityMeters(hass);
  if (!meters.length) {
    const nothing = { type: "markdown", content: say(hass, "no_meter") };
    return { views: [{ title: say(hass, "dashboard_name"), type: "sections", sections: [{ type: "grid", cards: [nothing] }] }] };
  }
  return { title: say(hass, "dashboard_name"), views: meters.map((meter) => view(hass, meter)) };
}

function view(hass, meter) {
  const shown = visible(hass, meter);
  const sections = [
    now(hass, meter, shown),
    quarter(hass, meter, shown),
    energy(hass, shown),
    cost(hass, shown),
    connection(hass, shown),
    phases(hass, shown),
    voltage(hass, meter, shown),
    ...mbusMeters(hass, meter).map((each) => mbus(hass, each)),
    state(hass, shown),
  ];
  return {
    title: nameOf(meter),
    path: `meter-${meter.serial_number ?? meter.id}`.toLowerCase(),
    type: "sections",
    max_columns: 4,
    dense_section_placement: true,
    sections: sections.filter((each) => each.cards.length > 1),
  };
}

/** The entities that the user has not hidden. */
function visible(hass, device) {
  const ids = Object.entries(entitiesOf(hass, device));
  const shown = ids.map(([key, all]) => [key, all.filter((id) => !hass.entities[id].hidden)]);
  return Object.fromEntries(shown.filter(([, all]) => all.length));
}

function section(heading, icon, cards, more = {}) {
  return { type: "grid", cards: [{ type: "heading", heading, icon, ...more }, ...cards.filter(Boolean)] };
}

function tile(entity, grid_options = HALF, more = {}) {
  return entity && { type: "tile", entity, name: { type: "entity" }, vertical: grid_options === THIRD, grid_options, ...more };
}

/** A tile for each entity that is there, of some keys. */
function tiles(shown, keys, grid = HALF) {
  return keys.flatMap((key) => shown[key] ?? []).map((id) => tile(id, grid));
}

/** A list of the entities that are there, of some keys. */
function list(shown, keys) {
  const entities = keys.flatMap((key) => shown[key] ?? []).map((entity) => ({ entity, name: { type: "entity" } }));
  return entities.length > 0 && { type: "entities", entities, grid_options: WHOLE };
}

/** How much a day, of counters. */
function perDay(counters) {
  return (
    counters.length > 0 && {
      type: "statistics-graph",
      entities: counters.map((entity) => ({ entity, name: { type: "entity" } })),
      chart_type: "bar",
      period: "day",
      days_to_show: DAYS,
      stat_types: ["change"],
      hide_legend: counters.length === 1,
      grid_options: WHOLE,
    }
  );
}

function graph(entities, hours) {
  return (
    entities.length > 0 && {
      type: "history-graph",
      entities: entities.map((entity) => ({ entity, name: { type: "entity" } })),
      hours_to_show: hours,
      grid_options: WHOLE,
    }
  );
}

function now(hass, meter, shown) {
  return section(say(hass, "now"), "mdi:flash", [
    shown.power && { type: `custom:${LIVE_CARD}`, device_id: meter.id, title: "", grid_options: WHOLE },
    ...tiles(shown, ["active_tariff", "month_peak"]),
    graph(shown.power ?? [], 24),
  ]);
}

function quarter(hass, meter, shown) {
  if (!shown.demand_forecast) {
    return section("", "", []);
  }
  const [target] = shown.peak_target ?? [];
  const costs = list(shown, ["capacity_cost", "capacity_cost_month", "peak_kw_price"]);
  return section(say(hass, "title"), "mdi:chart-bar", [
    { type: `custom:${CARD}`, device_id: meter.id, title: "", grid_options: WHOLE },
    tile(target, WHOLE, { features: [{ type: "numeric-input", style: "buttons" }], features_position: "inline" }),
    costs && { type: "heading", heading: say(hass, "costs"), heading_style: "subtitle" },
    costs,
    list(shown, ["month_peak_time", "peak_average", "peak_average_forecast"]),
  ]);
}

function energy(hass, shown) {
  const counters = [...(shown.energy_import ?? []), ...(shown.energy_export ?? [])];
  const dashboard = hass.panels?.energy && { tap_action: { action: "navigate", navigation_path: "/energy" } };
  return section(
    say(hass, "energy"),
    "mdi:transmission-tower",
    [
      perDay(counters),
      ...tiles(shown, ["energy_import", "energy_export"], WHOLE),
      list(shown, ["energy_import_tariff", "energy_export_tariff"]),
    ],
    dashboard || {},
  );
}

/** What today costs, and the month's bill with its parts, where a price is set. */
function cost(hass, shown) {
  if (!shown.cost_today) {
    return section("", "", []);
  }
  const [bill] = shown.cost_month ?? [];
  return section(say(hass, "cost"), "mdi:cash", [
    ...tiles(shown, ["cost_today", "cost_month"]),
    ...tiles(shown, ["cost_month_forecast"], WHOLE),
    bill && parts(hass, bill),
    perDay(shown.cost_today),
  ]);
}

/** A list of attributes of an entity that are known. */
function parts(hass, entity) {
  const state = hass.states?.[entity];
  const known = BILL.filter((attribute) => state?.attributes[attribute] != null);
  if (state?.attributes[LACK]) {
    known.push(LACK);
  }
  const entities = known.map((attribute) => ({
    type: "attribute",
    entity,
    attribute,
    name: hass.formatEntityAttributeName?.(state, attribute) ?? attribute,
    suffix: MONEY.includes(attribute) ? "EUR" : "kWh",
  }));
  return entities.length > 0 && { type: "entities", entities, grid_options: WHOLE };
}

function phases(hass, shown) {
  const voltages = shown.voltage_phase ?? [];
  const grid = voltages.length > 2 || (shown.current_phase ?? []).length > 2 ? THIRD : HALF;
  const powers = shown.power_phase ?? [];
  const cards = tiles(shown, ["power_phase", "voltage_phase", "current_phase"], grid);
  return section(say(hass, "phases"), "mdi:sine-wave", [...cards, powers.length > 1 && graph(powers, 6)]);
}

/** What is left of the connection, where its main breaker is known. */
function connection(hass, shown) {
  if (!shown.headroom) {
    return section("", "", []);
  }
  return section(say(hass, "connection"), "mdi:home-lightning-bolt-outline", [
    ...tiles(shown, ["available_current", "headroom"]),
    list(shown, ["connection_load", "overload_warning", "overload_alarm", "apparent_peak"]),
  ]);
}

/** How the voltage is judged, and the report of it. */
function voltage(hass, meter, shown) {
  if (!shown.voltage_quality) {
    return section("", "", []);
  }
  return section(say(hass, "voltage"), "mdi:flash-alert-outline", [
    list(shown, ["voltage_quality", "voltage_problem", "overvoltage_time", "undervoltage_time"]),
    { type: `custom:${ReportLinks.NAME}`, config_entry_id: meter.config_entry_id, grid_options: WHOLE },
  ]);
}

function mbus(hass, meter) {
  const shown = visible(hass, meter);
  const medium = Object.keys(MEDIA).find((key) => shown[key]);
  const counters = shown[medium] ?? [];
  return section(nameOf(meter), MEDIA[medium], [...tiles(shown, [medium, "flow"]), perDay(counters), ...tiles(shown, ["valve"], WHOLE)]);
}

function state(hass, shown) {
  const keys = ["link", "breaker", "grid_type", "limiter_threshold", "fuse_threshold", "relay", "text_message"];
  return section(say(hass, "meter"), "mdi:meter-electric", [list(shown, keys)]);
}
