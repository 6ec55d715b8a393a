// What the oscilloscope card is made of: its elements, and how they look.

import { BASE } from "./card-view.js";
import { BARS, HEIGHT, WIDTH, orders } from "./scope.js";

export const PHASES = ["l1", "l2", "l3"];

const curves = (kind) => PHASES.map((phase) => `<path class="curve ${phase}" data-part="${kind}_${phase}" />`).join("");

const wave = (kind) => `
  <div class="chart">
    <p class="label"><span data-part="${kind}_label"></span><span data-part="${kind}_end"></span></p>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
      <path class="grid" d="M0 ${HEIGHT / 2}H${WIDTH}M${WIDTH / 4} 0V${HEIGHT}M${WIDTH / 2} 0V${HEIGHT}M${(WIDTH * 3) / 4} 0V${HEIGHT}" />
      ${curves(kind)}
    </svg>
  </div>`;

const column = (phase) => `
  <div data-part="${phase}_number">
    <dt><i class="swatch ${phase}"></i><span data-part="${phase}_name"></span></dt>
    <dd data-part="${phase}_volts"></dd>
    <dd data-part="${phase}_amperes"></dd>
    <dd class="thd" data-part="${phase}_thd"></dd>
  </div>`;

export const TEMPLATE = `
<ha-card data-part="card">
  <h2 data-part="title"></h2>
  <div data-part="screen">
    <div class="board">
      <div class="waves">${wave("voltage")}${wave("current")}</div>
      <button type="button" class="cover" data-part="gauge"></button>
    </div>
    <dl>${PHASES.map(column).join("")}</dl>
    <p class="label"><span data-part="spectrum_label"></span><span data-part="spectrum_end"></span></p>
    <svg class="spectrum" viewBox="0 0 ${WIDTH} ${BARS}" preserveAspectRatio="none" aria-hidden="true">
      ${PHASES.map((phase) => `<path class="bar ${phase}" data-part="spectrum_${phase}" />`).join("")}
      <path class="grid" d="M0 ${BARS}H${WIDTH}" />
    </svg>
    <div class="orders" aria-hidden="true">${orders()
      .map(({ order, at }) => `<span style="inset-inline-start:${at.toFixed(2)}%">${order}</span>`)
      .join("")}</div>
    <button type="button" class="switch" data-part="switch"></button>
  </div>
  <p class="status" role="status" data-part="status"></p>
</ha-card>`;

export const STYLE = `${BASE}
ha-card {
  --l1: #a9623b;
  --l2: var(--primary-text-color);
  --l3: #4a8fd0;
  --level: var(--disabled-color, #bdbdbd);
}
.l1 { --phase: var(--l1); }
.l2 { --phase: var(--l2); }
.l3 { --phase: var(--l3); }
.waves { display: grid; gap: 8px; }
.chart svg { display: block; width: 100%; height: 132px; direction: ltr; }
.grid { stroke: var(--divider-color); fill: none; vector-effect: non-scaling-stroke; }
.curve { stroke: var(--phase); fill: none; stroke-width: 1.75; vector-effect: non-scaling-stroke; }
/* Phases are told apart without their colours, too. */
.curve.l2 { stroke-dasharray: 7 3; }
.curve.l3 { stroke-dasharray: 2 2.5; }
.bar { fill: var(--phase); }
.label { display: flex; justify-content: space-between; gap: 8px; margin: 0 0 2px; font-size: 12px; line-height: 1.4; color: var(--secondary-text-color); }
.swatch { display: inline-block; width: 18px; margin-inline-end: 6px; vertical-align: middle; border-top: 3px solid var(--phase); }
.swatch.l2 { border-top-style: dashed; }
.swatch.l3 { border-top-style: dotted; }
dl { grid-auto-flow: column; grid-template-columns: none; grid-auto-columns: 1fr; margin: 12px 0; }
dt { color: var(--primary-text-color); }
dd.thd { font-weight: 400; font-size: 12px; color: var(--secondary-text-color); }
.spectrum { display: block; width: 100%; height: 90px; direction: ltr; }
.orders { position: relative; height: 16px; font-size: 11px; line-height: 16px; color: var(--secondary-text-color); direction: ltr; }
.orders span { position: absolute; transform: translateX(-50%); }
.switch { margin-top: 4px; min-height: 32px; font-size: 13px; color: var(--primary-color); text-decoration: underline; }
.status:empty { display: none; }
@container (min-width: 560px) {
  .waves { grid-template-columns: 1fr 1fr; gap: 24px; }
}
@media (forced-colors: active) {
  .curve, .bar, .swatch { forced-color-adjust: none; }
}
`;
