// Says why no telegrams come from a meter, and what to do, in the words that Home Assistant's own pages have for it.

import { look } from "./live.js";
import { electricityMeters, meterOf, nameOf } from "./meter.js";
import { say } from "./texts.js";

const DOMAIN = "emucs";

export class Banner extends HTMLElement {
  static NAME = "emucs-banner";

  constructor() {
    super();
    this.attachShadow({ mode: "open" });
    this.shadowRoot.innerHTML = '<ha-alert alert-type="error" role="alert"></ha-alert>';
    this._alert = this.shadowRoot.querySelector("ha-alert");
  }

  setConfig(config) {
    this._config = config;
  }

  getCardSize() {
    return 1;
  }

  getGridOptions() {
    return { columns: "full", rows: "auto" };
  }

  connectedCallback() {
    this._follow();
  }

  disconnectedCallback() {
    this._stop?.();
    this._stop = undefined;
  }

  set hass(hass) {
    this._hass = hass;
    this._follow();
  }

  /** Ask for what is wrong, once the page is connected. */
  _follow() {
    if (this._hass && this.isConnected && !this._stop) {
      this._meter = meterOf(this._hass, this._config.device_id);
      this._say();
      if (this._meter) {
        this._stop = look(this._hass.connection, this._meter.config_entry_id, (latest, problem) => this._say(problem));
      }
    }
  }

  async _say(problem) {
    const several = electricityMeters(this._hass).length > 1;
    this._alert.title = several && this._meter ? nameOf(this._meter) : "";
    const key = problem && `component.${DOMAIN}.exceptions.${problem.problem}.message`;
    const localize = key && (await this._hass.loadBackendTranslation("exceptions", DOMAIN));
    this._alert.textContent = (localize && localize(key, problem.placeholders)) || say(this._hass, "unavailable");
  }
}
