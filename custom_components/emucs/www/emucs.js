// What Home Assistant's frontend loads: makes the card and the dashboard known to it.

import { DashboardStrategy } from "./dashboard.js";
import { entitiesOf } from "./meter.js";
import { CARD, QuarterCard } from "./quarter-card.js";
import { say } from "./texts.js";

const STRATEGY = "emucs";
const DOCUMENTATION = "https://github.com/emucs/emucs#dashboard";

const hass = () => document.querySelector("home-assistant")?.hass;

// A page that was open while the integration was updated has them already, until it is loaded anew.
if (!customElements.get(CARD)) {
  customElements.define(CARD, QuarterCard);
  customElements.define(`ll-strategy-dashboard-${STRATEGY}`, DashboardStrategy);

  (window.customCards ??= []).push({
    type: CARD,
    // Asked for when they are shown: the language is not known yet.
    get name() {
      return say(hass(), "card_name");
    },
    get description() {
      return say(hass(), "card_description");
    },
    preview: true,
    documentationURL: DOCUMENTATION,
    getEntitySuggestion,
  });

  (window.customStrategies ??= []).push({
    type: STRATEGY,
    strategyType: "dashboard",
    get name() {
      return say(hass(), "dashboard_name");
    },
    get description() {
      return say(hass(), "dashboard_description");
    },
    documentationURL: DOCUMENTATION,
  });
}

/** The card, for an entity that it shows. */
function getEntitySuggestion(home, entityId) {
  const device = home.devices[home.entities[entityId]?.device_id];
  const shown = device ? entitiesOf(home, device) : {};
  const ids = ["demand_forecast", "demand_budget", "demand", "month_peak", "peak_target"].map((key) => shown[key]?.[0]);
  return ids.includes(entityId) && shown.demand_forecast ? { config: { type: `custom:${CARD}`, device_id: device.id } } : null;
}
