// What the quarter card is made of: its elements, and how they look.

import { ARC_PATH, BASE, number } from "./card-view.js";
import { TARGET_STYLE, TARGET_TEMPLATE } from "./target.js";

export const TEMPLATE = `
<ha-card data-part="card">
  <h2 data-part="title"></h2>
  <div class="quarter" data-part="quarter">
    <div class="gauge">
      <svg viewBox="0 0 200 118" aria-hidden="true">
        <path class="track" d="${ARC_PATH}" />
        <path class="forecast" data-part="arc_forecast" pathLength="100" d="${ARC_PATH}" />
        <path class="so-far" data-part="arc_so_far" pathLength="100" d="${ARC_PATH}" />
        <line class="mark" data-part="mark" x1="6" y1="100" x2="33" y2="100" />
        <text class="end" x="20" y="115">0</text>
        <text class="end" x="180" y="115" data-part="gauge_end"></text>
      </svg>
      <span class="centre" aria-hidden="true">
        <span class="small" data-part="forecast_label"></span>
        <span class="big" data-part="forecast"></span>
        <span class="small" data-part="estimated"></span>
      </span>
      <button type="button" class="cover" data-part="gauge"></button>
    </div>
    <div class="time" aria-hidden="true"><div data-part="time_bar"></div></div>
    <dl>${["power", "so_far", "time_left", "target", "budget", "month_peak"].map(number).join("")}</dl>
  </div>
  <p class="status" data-part="status"></p>
  <p class="cost" data-part="cost"></p>
  <p class="unseen" role="status" data-part="announcement"></p>
  ${TARGET_TEMPLATE}
  <section class="peaks" data-part="peaks"></section>
  <section class="peaks" data-part="today"></section>
</ha-card>`;

export const STYLE = `${BASE}${TARGET_STYLE}
dl { grid-template-columns: repeat(3, 1fr); }
.cost { margin: 4px 0 0; padding-inline-start: 14px; line-height: 1.4; }
.cost:empty { display: none; }
ha-card { --level: var(--success-color, #43a047); }
[data-level="warning"] { --level: var(--warning-color, #ffa600); }
[data-level="alarm"], [data-level="passed"] { --level: var(--error-color, #db4437); }
[data-level="unavailable"], [data-level="unknown"] { --level: var(--disabled-color, #bdbdbd); }
.forecast, .so-far { stroke: var(--level); transition: stroke-dasharray 0.6s, stroke 0.3s; }
.forecast { opacity: 0.4; }
.mark { stroke: var(--primary-text-color); stroke-width: 3; transition: transform 0.6s; }
.time { height: 4px; margin: 8px 0; border-radius: 2px; background: var(--divider-color); overflow: hidden; }
.time div { height: 100%; background: var(--secondary-text-color); transform-origin: left; }
:host(:dir(rtl)) .time div { transform-origin: right; }
.status { min-height: 2.8em; }
[data-level^="no_"] .status { min-height: 0; border-color: var(--divider-color); }
.peaks h3 { margin: 16px 0 8px; font-size: 14px; font-weight: 500; }
.bars { position: relative; box-sizing: border-box; height: 132px; display: flex; align-items: stretch; gap: 3px; padding-top: 14px; touch-action: pan-y; }
.bar { position: relative; flex: 1; min-width: 0; display: flex; flex-direction: column; justify-content: flex-end; }
.bar .billed, .bar .peak { position: absolute; inset: auto 0 0; border-radius: 3px 3px 0 0; }
.bar .peak { background: color-mix(in srgb, var(--primary-color) 55%, var(--card-background-color, #fff)); }
.bar .billed { border: 1px dashed var(--secondary-text-color); border-bottom: 0; opacity: 0.6; box-sizing: border-box; }
.bar.running .peak { background: var(--primary-color); }
.bar[aria-checked="true"]:not(.running) .peak { outline: 2px solid var(--primary-text-color); outline-offset: -2px; }
.bar .value { position: absolute; inset-inline: -4px; text-align: center; font-size: 10px; line-height: 14px; color: var(--secondary-text-color); }
.bar.running .value { color: var(--primary-text-color); font-weight: 500; }
.quarters { height: 104px; gap: 0; }
.quarters .rest { flex: 0 1 0; min-width: 0; }
.quarter .peak { inset-inline-end: 12%; border-radius: 1px 1px 0 0; }
.quarter.over .peak { background: var(--error-color, #db4437); }
.quarter[aria-checked="true"] { background: var(--divider-color); }
.quarter[aria-checked="true"]:not(.running) .peak { outline: none; background: var(--primary-color); }
.quarter.over[aria-checked="true"] .peak { background: var(--error-color, #db4437); }
.quarter .value { inset-inline: -16px; }
.hours { display: flex; border-top: 1px solid var(--divider-color); font-size: 11px; line-height: 16px; color: var(--secondary-text-color); }
.hours span { min-width: 0; overflow: hidden; white-space: nowrap; }
.line { position: absolute; inset-inline: 0; border-top: 1px dashed var(--primary-text-color); opacity: 0.7; pointer-events: none; }
.months { display: flex; gap: 3px; font-size: 11px; line-height: 16px; color: var(--secondary-text-color); }
.months span { flex: 1; min-width: 0; text-align: center; overflow: hidden; white-space: nowrap; }
.months .short { display: none; }
@container (min-width: 560px) {
  .months .short { display: inline; }
  .months .narrow { display: none; }
}
.legend { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 12px; margin: 6px 0 0; font-size: 12px; color: var(--secondary-text-color); }
.legend i { display: inline-block; width: 16px; border-top: 1px dashed var(--primary-text-color); vertical-align: middle; margin-inline-end: 6px; }
.detail { margin: 6px 0 0; font-size: 12px; min-height: 1.4em; line-height: 1.4; color: var(--primary-text-color); }
@media (forced-colors: active) {
  .so-far, .forecast { stroke: Highlight; }
  .bar .peak { background: Highlight; forced-color-adjust: none; }
}
`;
