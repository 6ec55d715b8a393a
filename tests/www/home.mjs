// A Home Assistant with one meter, as its frontend knows it.

export const WWW = new URL("../../custom_components/emucs/www/", import.meta.url);

const ENTITIES = {
  link: "binary_sensor.link",
  power: "sensor.power",
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
    peak_target: state(4, { min: 0, max: 10000, step: 0.1 }),
    peak_alarm: state("off"),
    peak_warning: state("off"),
    month_peak: state(3),
    link: state("on"),
    power: state(1200, {}, "W"),
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

/** Home Assistant's connection, as its frontend has it: what is subscribed to, and what comes of that. */
export class Connection {
  constructor() {
    Object.assign(this, { asked: [], given: [], lost: 0, error: null, listeners: { ready: [], disconnected: [] } });
    this.open = new Map();
  }

  async subscribeMessage(listener, message, options) {
    this.asked.push(message);
    await this.wait;
    if (this.error) {
      throw this.error;
    }
    const id = this.asked.length;
    this.open.set(id, { listener, options });
    return async () => {
      this.given.push(id);
      if (!this.open.delete(id)) {
        throw { code: "not_found" };
      }
    };
  }

  addEventListener(type, listener) {
    this.listeners[type].push(listener);
  }

  removeEventListener(type, listener) {
    this.listeners[type] = this.listeners[type].filter((each) => each !== listener);
  }

  /** All that listen to the connection itself. */
  get watchers() {
    return Object.values(this.listeners).flat().length;
  }

  send(event) {
    [...this.open.values()].forEach(({ listener }) => listener(event));
  }

  /** Lose the connection, and have it again. */
  lose() {
    this.open.clear();
    this.listeners.disconnected.forEach((each) => each());
  }

  connect() {
    this.listeners.ready.forEach((each) => each());
  }
}

/** What a telegram says: 5 kW are drawn, of a quarter that comes to 3 kW. */
export function telegram(more = {}) {
  return {
    ...{ type: "values", time: "2026-11-12T18:05:00+01:00", power: 5, power_l1: 3, power_l2: 1.5, power_l3: 0.5 },
    ...{ so_far: 1.5, demand_forecast: 3, demand_budget: 4.5, target: 4, estimated: false, seconds_left: 600 },
    ...{ peak_alarm: false, peak_warning: false, ...more },
  };
}
