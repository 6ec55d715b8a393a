// The heatmap card: when in the week the house imports how much, and which peaks recur.

import { Heatmap } from "./heatmap.js";
import { STYLE, TEMPLATE } from "./heatmap-view.js";
import { MeterCard } from "./meter-card.js";
import { suggestedMeter } from "./meter.js";
import { say } from "./texts.js";

export const HEATMAP_CARD = "emucs-heatmap-card";

// What the card is suggested for.
const SUGGESTED = ["recurring_peak", "base_load", "load_forecast"];

export class HeatmapCard extends MeterCard {
  static NAME = HEATMAP_CARD;
  static TITLE = "heatmap_title";
  static SHOWN = ["recurring_peak"];

  constructor() {
    super(STYLE, TEMPLATE);
    this._heatmap = new Heatmap(this._parts.week);
  }

  getCardSize() {
    return 6;
  }

  /** It changes once a day: there is nothing live to follow. */
  _look() {}

  _showNumbers() {
    const { week = [], peaks = [] } = this._state("recurring_peak")?.attributes ?? {};
    const isKnown = week.flat().some((mean) => mean !== null);
    this._parts.week.hidden = !isKnown;
    this._write({ status: isKnown ? "" : say(this._hass, this._reason()) });
    if (isKnown) {
      this._heatmap.show(this._hass, week, peaks);
    }
  }

  /** The key of the text that says why nothing is shown. */
  _reason() {
    if (!this._entities.recurring_peak) {
      return this._meter ? "no_demand" : "no_meter";
    }
    return this._state("recurring_peak")?.state === "unavailable" ? "unavailable" : "no_week";
  }
}

/** The card, for an entity that says what the house does. */
export function suggestHeatmap(hass, entityId) {
  const meter = suggestedMeter(hass, entityId, SUGGESTED, "recurring_peak");
  return meter && { config: { type: `custom:${HEATMAP_CARD}`, device_id: meter.id } };
}
