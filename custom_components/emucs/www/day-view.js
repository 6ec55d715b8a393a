// What the day card is made of: its elements, and how they look.

import { BASE } from "./card-view.js";
import { HEIGHT, WIDTH } from "./day.js";

export const TEMPLATE = `
<ha-card data-part="card">
  <h2 data-part="title"></h2>
  <section data-part="day">
    <div class="chart" data-part="chart" role="slider" tabindex="0" aria-valuemin="0">
      <div class="bands" data-part="bands"></div>
      <svg data-part="curves" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
        <path class="shade imported" data-part="imported_shade" />
        <path class="shade exported" data-part="exported_shade" />
        <path class="area imported" data-part="imported_area" />
        <path class="area exported" data-part="exported_area" />
        <path class="zero" data-part="zero" />
        <path class="line imported" data-part="imported_line" />
        <path class="line exported" data-part="exported_line" />
        <path class="line forecast imported" data-part="imported_forecast" />
        <path class="line forecast exported" data-part="exported_forecast" />
      </svg>
      <div class="now" data-part="now"></div>
      <div class="cursor" data-part="cursor"></div>
      <span class="end top" data-part="top"></span>
      <span class="end bottom" data-part="bottom"></span>
    </div>
    <div class="axis" data-part="axis" aria-hidden="true"></div>
    <p class="legend" data-part="legend" aria-hidden="true"></p>
    <p class="detail" data-part="detail" aria-hidden="true"></p>
  </section>
  <p class="note" data-part="note"></p>
  <p class="status" data-part="status"></p>
</ha-card>`;

export const STYLE = `${BASE}
ha-card {
  --imported: var(--energy-grid-consumption-color, #488fc2);
  --exported: var(--energy-grid-return-color, #8353d1);
  --level: var(--divider-color);
}
.imported { --flow: var(--imported); }
.exported { --flow: var(--exported); }
/* Time goes from left to right, also on a page that does not. */
.chart, .axis { direction: ltr; }
.chart { position: relative; height: 180px; cursor: crosshair; touch-action: pan-y; }
.chart svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.area { fill: var(--flow); opacity: 0.3; }
.shade { fill: var(--flow); opacity: 0.18; }
.line { fill: none; stroke: var(--flow); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.forecast { stroke-dasharray: 4 3; }
.zero { stroke: var(--secondary-text-color); opacity: 0.5; vector-effect: non-scaling-stroke; }
.bands, .band { position: absolute; inset-block: 0; }
.bands { inset-inline: 0; }
.dear { --tint: color-mix(in srgb, var(--warning-color, #ffa600) 20%, transparent); }
.cheap { --tint: color-mix(in srgb, var(--success-color, #43a047) 14%, transparent); }
.band { background: var(--tint, transparent); border-inline-start: 1px solid var(--divider-color); }
.now, .cursor { position: absolute; inset-block: 0; width: 0; pointer-events: none; }
.now { border-inline-start: 1px solid var(--secondary-text-color); }
.cursor { border-inline-start: 2px solid var(--primary-text-color); margin-inline-start: -1px; }
.end { position: absolute; inset-inline-end: 2px; font-size: 11px; line-height: 14px; color: var(--secondary-text-color); pointer-events: none; }
.end.top { inset-block-start: 0; }
.end.bottom { inset-block-end: 0; }
.axis { position: relative; height: 16px; margin-top: 2px; font-size: 11px; line-height: 16px; color: var(--secondary-text-color); overflow: hidden; }
.axis span { position: absolute; padding-inline-start: 3px; border-inline-start: 1px solid var(--divider-color); white-space: nowrap; }
.axis .midnight { color: var(--primary-text-color); font-weight: 500; }
.axis .quarter { display: none; }
@container (min-width: 560px) { .axis .quarter { display: block; } }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 6px 0 0; font-size: 12px; color: var(--secondary-text-color); }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-inline-end: 6px; background: var(--flow); }
.legend i.mean { width: 14px; height: 0; border-radius: 0; border-top: 2px dashed var(--imported); vertical-align: middle; background: none; }
.legend i.tint { box-sizing: border-box; border: 1px solid var(--divider-color); background: var(--tint, transparent); }
.detail { margin: 6px 0 0; font-size: 13px; min-height: 2.8em; line-height: 1.4; }
.note { margin: 4px 0 0; font-size: 12px; line-height: 1.4; color: var(--secondary-text-color); }
.status { margin: 0; }
.status:empty, .note:empty { display: none; }
@media (forced-colors: active) {
  .chart svg, .band, .legend i { forced-color-adjust: none; }
}
`;
