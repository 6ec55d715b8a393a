// What the live card is made of: its elements, and how they look.

import { ARC_PATH, BASE, number } from "./card-view.js";
import { HEIGHT, WIDTH } from "./trace.js";

export const PHASES = ["power_l1", "power_l2", "power_l3"];

export const TEMPLATE = `
<ha-card data-part="card">
  <h2 data-part="title"></h2>
  <div class="gauge" data-part="dial">
    <svg viewBox="0 0 200 118" aria-hidden="true">
      <path class="track" d="${ARC_PATH}" />
      <path class="flow" data-part="arc" pathLength="100" d="${ARC_PATH}" />
      <line class="zero" data-part="zero" x1="100" y1="10" x2="100" y2="30" />
      <path class="needle" data-part="needle" d="M 10 100 L 42 96 L 42 104 Z" />
      <text class="end" x="20" y="115" data-part="gauge_begin"></text>
      <text class="end" x="180" y="115" data-part="gauge_end"></text>
    </svg>
    <span class="centre" aria-hidden="true">
      <span class="small" data-part="direction"></span>
      <span class="big" data-part="power"></span>
    </span>
    <button type="button" class="cover" data-part="gauge"></button>
  </div>
  <svg class="trace" data-part="trace" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
    <linearGradient id="flow" gradientUnits="userSpaceOnUse" x1="0" y1="0" x2="0" y2="${HEIGHT}">
      <stop class="import" offset="0" />
      <stop class="import" data-part="above" offset="1" />
      <stop class="export" data-part="below" offset="1" />
    </linearGradient>
    <path class="area" data-part="trace_area" fill="url(#flow)" />
    <path class="base" data-part="trace_zero" />
    <path class="curve" data-part="trace_line" stroke="url(#flow)" />
  </svg>
  <p class="range" data-part="range"></p>
  <dl data-part="phases">${PHASES.map(number).join("")}</dl>
  <p class="status" role="status" data-part="status"></p>
</ha-card>`;

export const STYLE = `${BASE}
ha-card {
  --import: var(--energy-grid-consumption-color, #488fc2);
  --export: var(--energy-grid-return-color, #8353d1);
  --flow: var(--import);
  --level: var(--disabled-color, #bdbdbd);
}
[data-flow="export"] { --flow: var(--export); }
.gauge .flow { stroke: var(--flow); transition: stroke-dasharray 0.4s; }
.gauge .needle { fill: var(--primary-text-color); stroke: var(--card-background-color, #fff); stroke-width: 1; }
.needle { transform-origin: 100px 100px; transition: transform 0.4s; }
.zero { stroke: var(--secondary-text-color); stroke-width: 1.5; }
.big { font-variant-numeric: tabular-nums; }
.trace { display: block; width: 100%; height: 72px; margin: 8px 0 0; }
:host(:dir(rtl)) .trace { direction: ltr; }
.import { stop-color: var(--import); }
.export { stop-color: var(--export); }
.area { opacity: 0.2; }
.base { stroke: var(--divider-color); fill: none; vector-effect: non-scaling-stroke; }
.curve { fill: none; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.range { margin: 4px 0 0; font-size: 12px; line-height: 1.4; min-height: 1.4em; color: var(--secondary-text-color); text-align: center; }
:host(:dir(rtl)) .range { text-align: center; }
dl { grid-auto-flow: column; grid-template-columns: none; grid-auto-columns: 1fr; margin-top: 12px; }
.status:empty { display: none; }
/* Beside each other where there is room. */
@container (min-width: 560px) {
  ha-card { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); align-items: center; column-gap: 24px; }
  h2, .status { grid-column: 1 / -1; }
  .gauge { grid-row: 2 / span 3; grid-column: 1; }
  .trace, .range, dl { grid-column: 2; }
  .trace { height: 96px; }
}
@media (forced-colors: active) {
  .gauge .flow { stroke: Highlight; }
  .gauge .needle { fill: CanvasText; forced-color-adjust: none; }
}
`;
