// What every page of Home Assistant loads. A dashboard that is not known within five seconds is given up, also where the
// computer is slow: so this module imports nothing, registers the dashboard, and then fetches all the others at once.
//
// Home Assistant replaces `customElements` and `HTMLElement` while it starts, and does not see what was defined before
// that. It defines its own first element after that: what extends `HTMLElement` is neither made nor fetched earlier.

const CARDS = { live: "emucs-live-card", flow: "emucs-flow-card", card: "emucs-quarter-card", heatmap: "emucs-heatmap-card", day: "emucs-day-card", scope: "emucs-scope-card" }; // by the key of their texts
const STRATEGY = "emucs";
const ELEMENT = `ll-strategy-dashboard-${STRATEGY}`;
const DOCUMENTATION = "https://github.com/emucs/emucs#dashboard";
// Also those that others import: none of them waits until another one has come.
const LEADING = ["dashboard", "live-card", "flow-card", "quarter-card", "heatmap-card", "day-card", "report-links", "texts", "banner", "scope-card"];
const MODULES = [...LEADING, "meter-card", "meter", "live", "trace", "format", "quarter", "peak-bars", "card-view", "live-view", "quarter-view", "flow", "flow-view", "target", "heatmap", "heatmap-view", "page-parts", "views", "sections", "answer", "bars", "quarter-bars", "day", "day-view", "sidebar", "scope", "scope-view"];

let loading;
let loaded = {};

/** Fetch the other modules, and make the cards known; again, if that has failed. */
function load() {
  loading ??= fetchAll().catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function fetchAll() {
  const modules = await Promise.all(MODULES.map((name) => import(`./${name}.js`)));
  const [{ dashboard }, { LiveCard, suggestLiveCard }, { FlowCard, suggestFlowCard }, { QuarterCard, suggestCard }, { HeatmapCard, suggestHeatmap }, { DayCard, suggestDayCard }, { ReportLinks }, { say }, { Banner }, { ScopeCard, suggestScopeCard }] = modules;
  for (const card of [LiveCard, FlowCard, QuarterCard, HeatmapCard, DayCard, ReportLinks, Banner, ScopeCard]) {
    if (!customElements.get(card.NAME)) {
      customElements.define(card.NAME, card);
    }
  }
  loaded = { dashboard, say, suggest: { live: suggestLiveCard, flow: suggestFlowCard, card: suggestCard, heatmap: suggestHeatmap, day: suggestDayCard, scope: suggestScopeCard } };
  return loaded;
}

customElements.whenDefined("home-assistant").then(register);

function register() {
  // A page that was open while the integration was updated has it already, until it is loaded anew.
  if (customElements.get(ELEMENT)) {
    return;
  }
  customElements.define(ELEMENT, strategy());
  load().catch((error) => console.error("The cards of emucs cannot be loaded", error));
  offer("customStrategies", "dashboard", { type: STRATEGY, strategyType: "dashboard" });
  for (const [key, type] of Object.entries(CARDS)) {
    offer("customCards", key, {
      type,
      preview: true,
      getEntitySuggestion: (hass, entityId) => loaded.suggest?.[key](hass, entityId) ?? null,
    });
  }
}

function strategy() {
  return class extends HTMLElement {
    /** Home Assistant waits for as long as this takes. */
    static async generate(config, hass) {
      const [{ dashboard }, preferences] = await Promise.all([load(), preferencesOf(hass)]);
      return dashboard(hass, config, preferences);
    }

    /** What makes it anew, when Home Assistant asks: other meters, other entities. */
    static shouldRegenerate(_config, before, hass) {
      return before.devices !== hass.devices || before.entities !== hass.entities;
    }
  };
}

/** What the energy dashboard is made of, if it was set up. */
function preferencesOf(hass) {
  return hass.callWS({ type: "energy/get_prefs" }).catch(() => null);
}

/** Add to one of the lists that Home Assistant offers from; whoever has put something else there has broken it. */
function offer(list, key, what) {
  if (!Array.isArray(window[list])) {
    window[list] = Object.values(window[list] ?? {}).filter((each) => each?.type);
  }
  window[list].push({
    ...what,
    // Asked for when they are shown: the language is not known yet.
    get name() {
      return text(`${key}_name`);
    },
    get description() {
      return text(`${key}_description`);
    },
    documentationURL: DOCUMENTATION,
  });
}

function text(key) {
  return loaded.say?.(document.querySelector("home-assistant")?.hass, key);
}
