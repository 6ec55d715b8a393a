// The target that the user wants, with buttons and a field to change it, and why another one may be in effect.

import { formatNextMonth, formatPower } from "./format.js";
import { say } from "./texts.js";

const STEP = 0.5; // kW, of the buttons

export const TARGET_TEMPLATE = `
  <div class="aim" data-part="aim">
    <span data-part="aim_label"></span>
    <span class="stepper">
      <button type="button" data-part="aim_less">\u2212</button>
      <input type="number" inputmode="decimal" data-part="aim_field" />
      <span aria-hidden="true">kW</span>
      <button type="button" data-part="aim_more">+</button>
    </span>
  </div>
  <p class="note" data-part="aim_note"></p>`;

export const TARGET_STYLE = `
.aim { display: flex; align-items: center; justify-content: space-between; gap: 8px; margin-top: 12px; }
.stepper { display: flex; align-items: center; gap: 4px; border-radius: 20px; background: var(--secondary-background-color); }
.stepper button { width: 40px; height: 40px; border-radius: 20px; font-size: 18px; }
.stepper button:hover { background: var(--divider-color); }
.stepper input { width: 3.2em; height: 32px; border: 0; padding: 0; background: none; color: inherit; font: inherit; font-weight: 500; text-align: end; appearance: textfield; }
.stepper input::-webkit-inner-spin-button { display: none; }
.note { margin: 4px 0 0; font-size: 12px; line-height: 1.4; color: var(--secondary-text-color); }
.note:empty { display: none; }`;

export class TargetControl {
  constructor(parts) {
    this._parts = parts;
    parts.aim_less.addEventListener("click", () => this._move(-1));
    parts.aim_more.addEventListener("click", () => this._move(1));
    parts.aim_field.addEventListener("change", () => this._set(Number(parts.aim_field.value)));
  }

  /** Show the number that is set, of an entity, and what is in effect of it, in kW; hide it where there is no number to set. */
  show(hass, id, quarter, floor) {
    const state = hass.states[id];
    const own = Number(state?.state);
    // Where the user has the number shown in another unit, it is set where that is shown.
    this._parts.aim.hidden = !Number.isFinite(own) || state?.attributes.unit_of_measurement !== "kW";
    this._parts.aim_note.textContent = this._parts.aim.hidden ? "" : note(hass, own, quarter, floor);
    if (this._parts.aim.hidden) {
      return;
    }
    Object.assign(this, { _hass: hass, _id: id, _own: own, _bounds: state.attributes });
    const { min, max, step } = state.attributes;
    const labels = { aim_field: "aim", aim_less: "aim_less", aim_more: "aim_more" };
    Object.entries(labels).forEach(([part, key]) => this._parts[part].setAttribute("aria-label", say(hass, key)));
    this._parts.aim_label.textContent = say(hass, "aim");
    Object.entries({ min, max, step }).forEach(([name, value]) => this._parts.aim_field.setAttribute(name, value));
    this._parts.aim_less.disabled = own <= min;
    this._parts.aim_more.disabled = own >= max;
    // What somebody is typing stays.
    if (this._parts.aim_field.getRootNode().activeElement !== this._parts.aim_field) {
      this._parts.aim_field.value = String(own);
    }
  }

  /** To the next multiple of the step. */
  _move(direction) {
    const steps = this._own / STEP;
    this._set((direction > 0 ? Math.floor(steps + 1e-6) + 1 : Math.ceil(steps - 1e-6) - 1) * STEP);
  }

  _set(value) {
    const { min, max } = this._bounds;
    this._own = Number.isFinite(value) ? Math.max(min, Math.min(max, value)) : this._own;
    this._parts.aim_field.value = String(this._own);
    this._hass.callService("number", "set_value", { entity_id: this._id, value: this._own });
  }
}

/** Why the target that is set has no effect, or less than it seems. */
function note(hass, own, { isPeak, target }, floor) {
  if (isPeak) {
    const values = { power: formatPower(hass, target), day: formatNextMonth(hass, Date.now()) };
    return say(hass, "aim_peak", values);
  }
  return floor && own < floor ? say(hass, "aim_floor", { power: formatPower(hass, floor, 1) }) : "";
}
