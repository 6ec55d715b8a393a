// A Home Assistant with one meter, as its frontend knows it.

export const WWW = new URL("../../custom_components/emucs/www/", import.meta.url);

const ENTITIES = {
  link: "binary_sensor.link",
};
const OF_CAPACITY = {
  demand_forecast: "sensor.forecast",
  demand_budget: "sensor.budget",
  month_peak: "sensor.month_peak",
  peak_alarm: "binary_sensor.alarm",
  peak_warning: "binary_sensor.warning",
  peak_target: "number.target",
};

/** One of the modules that browsers load. */
export const load = (name) => import(new URL(`${name}.js`, WWW));

export function device(id, more = {}) {
  return { id, name: id, identifiers: [["emucs", id]], created_at: 1, config_entry_id: "entry", via_device_id: null, ...more };
}

/** What is no meter but follows from one. */
export function service(id, meterId) {
  return device(id, { entry_type: "service", via_device_id: meterId });
}

export function entities(deviceId, ids) {
  const rows = Object.entries(ids).map(([key, id]) => [id, { entity_id: id, platform: "emucs", device_id: deviceId, translation_key: key }]);
  return Object.fromEntries(rows);
}

export function state(value, attributes = {}, unit = "kW") {
  return { state: String(value), attributes: { unit_of_measurement: unit, ...attributes } };
}

/** The states of a quarter that comes to 2 kW, of 4 kW that are wanted at most. */
export function quarterStates(more = {}) {
  return {
    demand_forecast: state(2, { so_far: 1, quarter_end: "2026-11-12T18:15:00+01:00", estimated: false }),
    demand_budget: state(6, { target: 4 }),
    peak_target: state(4),
    peak_alarm: state("off"),
    peak_warning: state("off"),
    month_peak: state(3),
    link: state("on"),
    ...more,
  };
}

export function homeOf({ language = "en", devices = { meter: device("meter") }, states = quarterStates(), peaks = { months: [], floor: 2.5, average: null }, ...more } = {}) {
  const asked = [];
  return {
    locale: { language, number_format: "language", time_format: "language" },
    language,
    devices: { ...devices, capacity: service("capacity", "meter") },
    entities: { ...entities("meter", ENTITIES), ...entities("capacity", OF_CAPACITY) },
    states: Object.fromEntries(Object.entries(states).map(([key, each]) => [{ ...ENTITIES, ...OF_CAPACITY }[key], each])),
    asked,
    callWS: async (message) => {
      asked.push(message);
      if (peaks instanceof Error) {
        throw peaks;
      }
      return { response: peaks };
    },
    ...more,
  };
}

/** A text with the spaces that a keyboard has. */
export const plain = (text) => text.replace(/[\u00a0\u202f]/g, " ");
