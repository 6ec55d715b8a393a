// The oscilloscope card: one period of the grid as the S1 port samples it, and its harmonics, while somebody looks.

import { formatNumber } from "./format.js";
import { MeterCard } from "./meter-card.js";
import { suggestedMeter } from "./meter.js";
import { barsOf, endOf, pathOf } from "./scope.js";
import { PHASES, STYLE, TEMPLATE } from "./scope-view.js";
import { say } from "./texts.js";

export const SCOPE_CARD = "emucs-scope-card";

const KINDS = {
  voltage: { least: 100, unit: "V", harmonics: "harmonics_voltage", show: "show_harmonics_voltage" },
  current: { least: 1, unit: "A", harmonics: "harmonics_current", show: "show_harmonics_current" },
};
const LEAST_SHARE = { voltage: 2, current: 10 }; // %: the scale of a clean spectrum is no finer
// What the card is suggested for.
const SUGGESTED = ["waveform", "frequency", "thd_voltage_phase", "unbalance"];

export class ScopeCard extends MeterCard {
  static NAME = SCOPE_CARD;
  static TITLE = "scope_title";
  static SHOWN = ["frequency", "waveform"];
  static COMMAND = "emucs/waveform";

  constructor() {
    super(STYLE, TEMPLATE);
    this._spectrum = "voltage";
    this._parts.switch.addEventListener("click", () => {
      this._spectrum = this._spectrum === "voltage" ? "current" : "voltage";
      this._showNumbers();
    });
  }

  getCardSize() {
    return 9;
  }

  _showNumbers() {
    const phases = this._live?.phases ?? {};
    const names = PHASES.filter((name) => name in phases);
    this._parts.screen.hidden = !names.length;
    this._write({ status: names.length ? "" : say(this._hass, this._reason()) });
    if (names.length) {
      Object.keys(KINDS).forEach((kind) => this._drawWave(kind, phases));
      PHASES.forEach((name) => this._showPhase(name, phases[name]));
      this._drawSpectrum(names, phases);
      this._describeAll(names, phases);
    }
  }

  /** The key of the text that says why nothing is shown. */
  _reason() {
    if (!this._entities.waveform) {
      return this._meter ? "no_s1" : "no_meter";
    }
    return this._live === null ? "no_samples" : "unknown";
  }

  _drawWave(kind, phases) {
    const { least, unit } = KINDS[kind];
    const end = endOf(Object.values(phases).flatMap((phase) => phase[kind]), least);
    for (const name of PHASES) {
      this._parts[`${kind}_${name}`].setAttribute("d", phases[name] ? pathOf(phases[name][kind], end) : "");
    }
    this._write({ [`${kind}_label`]: say(this._hass, kind), [`${kind}_end`]: `±${this._number(end, end < 10 ? 1 : 0, unit)}` });
  }

  _showPhase(name, phase) {
    this._parts[`${name}_number`].hidden = !phase;
    if (phase) {
      this._write({
        [`${name}_name`]: name.toUpperCase(),
        [`${name}_volts`]: this._number(phase.voltage_rms, 1, "V"),
        [`${name}_amperes`]: this._number(phase.current_rms, 2, "A"),
        [`${name}_thd`]: phase.voltage_thd === null ? "" : `THD ${this._number(phase.voltage_thd, 1, "%")}`,
      });
    }
  }

  _drawSpectrum(names, phases) {
    const key = `${this._spectrum}_harmonics`;
    const end = endOf(names.flatMap((name) => phases[name][key]), LEAST_SHARE[this._spectrum]);
    for (const name of PHASES) {
      const place = names.indexOf(name);
      this._parts[`spectrum_${name}`].setAttribute("d", place < 0 ? "" : barsOf(phases[name][key], end, place, names.length));
    }
    const other = this._spectrum === "voltage" ? "current" : "voltage";
    this._write({
      spectrum_label: say(this._hass, KINDS[this._spectrum].harmonics),
      spectrum_end: this._number(end, end < 10 ? 1 : 0, "%"),
      switch: say(this._hass, KINDS[other].show),
    });
  }

  /** Say in words what is drawn. */
  _describeAll(names, phases) {
    const frequency = this._number(this._live.frequency, 2, "Hz");
    const each = names.map((name) => `${name.toUpperCase()} ${this._number(phases[name].voltage_rms, 1, "V")}, ${this._number(phases[name].current_rms, 2, "A")}`);
    this._describe(names.join(), `${say(this._hass, "open_frequency")}: ${[frequency, ...each].join(". ")}`);
  }

  _number(value, digits, unit) {
    return `${formatNumber(this._hass, value, digits)}\u00a0${unit}`;
  }
}

/** The card, for an entity of the S1 port. */
export function suggestScopeCard(hass, entityId) {
  const meter = suggestedMeter(hass, entityId, SUGGESTED, "waveform");
  return meter && { config: { type: `custom:${SCOPE_CARD}`, device_id: meter.id } };
}
