// The five views of a meter: what goes where. Each has at most three sections, as many as a desktop has beside each other.

import { DAY_CARD } from "./day-card.js";
import { FLOW_CARD } from "./flow-card.js";
import { sourcesOf } from "./flow.js";
import { HEATMAP_CARD } from "./heatmap-card.js";
import { LIVE_CARD } from "./live-card.js";
import { entitiesOf, mbusMeters, nameOf } from "./meter.js";
import { CARD } from "./quarter-card.js";
import { ReportLinks } from "./report-links.js";
import { SCOPE_CARD } from "./scope-card.js";
import { attributes, graph, HALF, list, part, perDay, section, THIRD, tiles, today, until, WHOLE } from "./sections.js";
import { say } from "./texts.js";

const MEDIA = { gas: "mdi:fire", water: "mdi:water", heat: "mdi:radiator", cooling: "mdi:snowflake", electricity: "mdi:flash" };
const BANDS = ["day", "night", "peak", "off_peak", "eco", "medium", "pic"].map((band) => `energy_band_${band}`);
const BILL = { import: "EUR", export: "EUR", capacity_tariff: "EUR", import_energy: "kWh", export_energy: "kWh", unpriced_energy: "kWh" };
const WEEK = 7;

/** The views: their paths, the keys of their titles, and functions of Home Assistant, a meter, its entities by key, and the preferences. */
export const VIEWS = [
  ["today", "view_today", todayView],
  ["peak", "view_peak", peakView],
  ["grid", "view_grid", gridView],
  ["house", "view_house", houseView],
  ["meter", "view_meter", meterView],
];

function todayView(hass, meter, shown, preferences) {
  const energy = hass.panels?.energy && { tap_action: { action: "navigate", navigation_path: "/energy" } };
  const [imported] = shown.energy_import ?? [];
  const [exported] = shown.energy_export ?? [];
  const [cost] = shown.cost_today ?? [];
  return [
    section(say(hass, "now"), "mdi:flash", [
      shown.power && own(hasFlows(shown, preferences) ? FLOW_CARD : LIVE_CARD, meter),
      ...tiles(shown, ["time_band"], WHOLE),
    ]),
    section(
      say(hass, "view_today"),
      "mdi:calendar-today",
      [
        today(imported, say(hass, "import_today")),
        today(exported, say(hass, "export_today")),
        list(shown, ["energy_forecast_today"]),
        shown.load_forecast ? own(DAY_CARD, meter) : graph(shown.power ?? [], 24),
        ...part(say(hass, "cost"), [list(shown, ["cost_today"]), today(cost, say(hass, "cost_yesterday"), 1), today(cost, say(hass, "cost_week_ago"), WEEK)]),
      ],
      energy || {},
    ),
    section(
      say(hass, "media"),
      "mdi:water",
      mbusMeters(hass, meter).flatMap((each) => consumption(hass, each)),
    ),
  ];
}

function own(card, meter) {
  return { type: `custom:${card}`, device_id: meter.id, title: "", grid_options: WHOLE };
}

/** Whether there is more than the grid: the sun, or a battery. They are those of one house, not of a group. */
function hasFlows(shown, preferences) {
  return !shown.silent_members && Object.values(sourcesOf(preferences)).some((ids) => ids.length);
}

/** What an M-Bus meter has counted. */
function consumption(hass, meter) {
  const shown = visible(hass, meter);
  const counters = Object.keys(MEDIA).flatMap((medium) => shown[medium] ?? []);
  return part(nameOf(meter), [...counters.map((each) => today(each)), ...tiles(shown, ["flow"]), perDay(counters, WEEK)]);
}

function peakView(hass, meter, shown) {
  if (!shown.demand_forecast) {
    return [];
  }
  const [cost] = shown.capacity_cost ?? [];
  return [
    section(say(hass, "title"), "mdi:chart-bar", [own(CARD, meter)]),
    section(say(hass, "this_month"), "mdi:calendar-month", [
      list(shown, ["month_peak", "month_peak_time", "month_peak_sum", "diversity", "peak_average", "peak_average_forecast"]),
      ...part(say(hass, "costs"), [list(shown, ["capacity_cost", "capacity_cost_month", "peak_kw_price"])]),
      !cost && !shown.silent_members && { type: "markdown", content: say(hass, "no_area"), grid_options: WHOLE },
    ]),
  ];
}

function gridView(hass, meter, shown, preferences) {
  const of = (key) => shown[key] ?? [];
  const grid = of("voltage_phase").length > 2 || of("current_phase").length > 2 ? THIRD : HALF;
  const keys = ["power_phase", "voltage_phase", "current_phase", "available_current_phase", "headroom_phase"];
  return [
    section(say(hass, "connection"), "mdi:home-lightning-bolt-outline", [
      list(shown, ["available_current", "headroom", "connection_load", "apparent_peak", "overload_warning", "overload_alarm"]),
      !shown.headroom && of("current_phase").length > 0 && { type: "markdown", content: say(hass, "no_breaker"), grid_options: WHOLE },
    ]),
    shown.voltage_quality
      ? section(say(hass, "voltage"), "mdi:flash-alert-outline", [
          list(shown, ["voltage_quality", "voltage_problem", "overvoltage_time", "undervoltage_time"]),
          graph(of("voltage_10min_phase"), WEEK * 24),
          { type: `custom:${ReportLinks.NAME}`, config_entry_id: meter.config_entry_id, grid_options: WHOLE },
        ])
      : null,
    section(say(hass, "phases"), "mdi:sine-wave", [
      shown.power && hasFlows(shown, preferences) && own(LIVE_CARD, meter),
      ...tiles(shown, keys, grid),
      shown.waveform && own(SCOPE_CARD, meter),
      of("power_phase").length > 1 && graph(of("power_phase"), 6),
    ]),
  ];
}

function houseView(hass, meter, shown) {
  const [forecast] = shown.load_forecast ?? [];
  const [bill] = shown.cost_month ?? [];
  return [
    section(say(hass, "habits"), "mdi:home-clock", [
      shown.recurring_peak && own(HEATMAP_CARD, meter),
      list(shown, ["base_load", "base_load_alarm"]),
    ]),
    section(say(hass, "forecast"), "mdi:chart-bell-curve", [
      list(shown, ["load_forecast", "energy_forecast_today", "next_slot"]),
      until(forecast, say(hass, "no_forecast")),
    ]),
    section(say(hass, "sun_and_costs"), "mdi:solar-power", [
      list(shown, ["self_consumption", "self_sufficiency"]),
      ...part(say(hass, "cost"), [
        list(shown, ["cost_today", "cost_month", "cost_month_forecast"]),
        bill && attributes(hass, bill, BILL, "unpriced_energy"),
      ]),
      perDay(BANDS.flatMap((key) => shown[key] ?? [])),
    ]),
  ];
}

function meterView(hass, meter, shown) {
  const counters = ["energy_import", "energy_export"];
  return [
    section(say(hass, "energy"), "mdi:transmission-tower", [
      list(shown, [...counters, "energy_import_tariff", "energy_export_tariff"]),
      perDay(counters.flatMap((key) => shown[key] ?? [])),
    ]),
    section(say(hass, "meter"), "mdi:meter-electric", [
      list(shown, ["link", "silent_members", "active_tariff", "time_band", "breaker", "grid_type", "limiter_threshold", "fuse_threshold", "relay", "text_message"]),
    ]),
    section(
      say(hass, "media"),
      "mdi:water",
      mbusMeters(hass, meter).flatMap((each) => part(nameOf(each), [list(visible(hass, each), [...Object.keys(MEDIA), "valve", "reading_time", "leak"])])),
    ),
  ];
}

/** The entities of a meter by key, without those that the user has hidden. */
export function visible(hass, device) {
  const ids = Object.entries(entitiesOf(hass, device));
  const shown = ids.map(([key, all]) => [key, all.filter((id) => !hass.entities[id].hidden)]);
  return Object.fromEntries(shown.filter(([, all]) => all.length));
}
