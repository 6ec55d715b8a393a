// The flow card: what the grid, the sun and batteries give to the house at this second.

import { FLOWS, NODES, STYLE, TEMPLATE } from "./flow-view.js";
import { flowsOf, houseOf, sourcesOf, sumOf } from "./flow.js";
import { formatWatts } from "./format.js";
import { MeterCard } from "./meter-card.js";
import { kilowattsOf, suggestedMeter } from "./meter.js";
import { say } from "./texts.js";

export const FLOW_CARD = "emucs-flow-card";

const LABELS = { sun: "flow_sun", grid: "view_grid", house: "view_house", battery: "flow_battery" };
// What is said of it, by its direction.
const SPOKEN = { grid: ["from_grid", "to_grid"], battery: ["from_battery", "to_battery"] };
const LEAST = 0.005; // kW: what is less does not move
const FASTEST = 0.3; // seconds a dot, of a lot
const SLOWEST = 3;

export class FlowCard extends MeterCard {
  static NAME = FLOW_CARD;
  static TITLE = "flow";
  static SHOWN = ["power"];

  constructor() {
    super(STYLE, TEMPLATE);
    this._sources = { sun: [], battery: [] };
  }

  getCardSize() {
    return 5;
  }

  connectedCallback() {
    super.connectedCallback();
    this._preferences = undefined;
  }

  /** Ask once for what the energy dashboard is made of. */
  _follow() {
    this._preferences ??= this._hass
      .callWS({ type: "energy/get_prefs" })
      .then((preferences) => (this._sources = sourcesOf(preferences)))
      // It was never set up.
      .catch(() => {})
      .then(() => this._show());
  }

  get _powers() {
    const hass = this._hass;
    const grid = this._live ? (this._live.power ?? null) : kilowattsOf(this._state("power"));
    return { grid, sun: sumOf(hass, this._sources.sun), battery: sumOf(hass, this._sources.battery) };
  }

  _showNumbers() {
    const level = this._entities.power ? "" : this._meter ? "no_power" : "no_meter";
    this._parts.board.hidden = Boolean(level);
    const gone = this._powers.grid === null && !this._live ? (this._state("power")?.state === "unavailable" ? "unavailable" : "unknown") : "";
    const key = level || gone;
    this._write({ status: key && say(this._hass, key) });
  }

  /** Show all powers and flows: those of the sun change by states, that of the grid by telegrams. */
  _showTime() {
    const powers = this._powers;
    const all = { ...powers, house: houseOf(powers) };
    for (const name of NODES) {
      this._parts[`${name}_node`].hidden = all[name] === undefined;
      this._write({ [name]: formatWatts(this._hass, all[name] == null ? null : Math.abs(all[name])), [`${name}_label`]: say(this._hass, LABELS[name]) });
    }
    this._parts.card.dataset.battery = all.battery === undefined ? "none" : "some";
    this._mark("grid", "returned", powers.grid < 0);
    this._mark("battery", "charging", powers.battery < 0);
    const flows = all.house === null ? {} : flowsOf(powers);
    for (const name of FLOWS) {
      const power = flows[name] ?? 0;
      this._parts[name].style.display = power < LEAST ? "none" : "";
      this._parts[name].style.setProperty("--time", `${Math.max(FASTEST, SLOWEST / (1 + 2 * power)).toFixed(1)}s`);
    }
    this._tell(all);
  }

  _mark(name, mark, isSet) {
    const node = this._parts[`${name}_node`];
    node.setAttribute("class", isSet ? `node ${name} ${mark}` : `node ${name}`);
  }

  _tell(all) {
    const known = NODES.filter((name) => all[name] !== undefined);
    const roles = known.map((name) => SPOKEN[name]?.[all[name] < 0 ? 1 : 0] ?? LABELS[name]);
    const said = known.map((name, index) => `${say(this._hass, roles[index])} ${this._parts[name].textContent}`).join(", ");
    this._describe(roles.join(), `${say(this._hass, "open_power")}: ${said}`);
  }
}

/** The card, for an entity that it shows. */
export function suggestFlowCard(hass, entityId) {
  const meter = suggestedMeter(hass, entityId, ["power"], "power");
  return meter && { config: { type: `custom:${FLOW_CARD}`, device_id: meter.id } };
}
