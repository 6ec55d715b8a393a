// What the heatmap card is made of: its elements, and how they look.

import { BASE } from "./card-view.js";

export const TEMPLATE = `
<ha-card data-part="card">
  <h2 data-part="title"></h2>
  <section class="week" data-part="week"></section>
  <p class="status" data-part="status"></p>
</ha-card>`;

export const STYLE = `${BASE}
ha-card { --level: var(--divider-color); }
.status { margin: 0; }
.status:empty { display: none; }
.grid { display: grid; gap: 2px; }
.row, .axis { display: grid; grid-template-columns: 36px repeat(24, minmax(0, 1fr)); gap: 2px; }
.day { font-size: 11px; line-height: 22px; color: var(--secondary-text-color); white-space: nowrap; overflow: hidden; }
.cell { position: relative; height: 22px; border-radius: 2px; cursor: default; }
.cell.unknown { background: repeating-linear-gradient(45deg, var(--divider-color) 0 1px, transparent 1px 4px); }
.cell[aria-selected="true"] { outline: 2px solid var(--primary-text-color); outline-offset: 0; z-index: 1; }
.cell.recurs::after, .mark { width: 6px; height: 6px; border-radius: 50%; background: var(--primary-text-color); border: 1px solid var(--card-background-color, #fff); box-sizing: border-box; }
.cell.recurs::after { content: ""; position: absolute; inset: 0; margin: auto; }
.axis { margin-top: 2px; font-size: 11px; line-height: 16px; color: var(--secondary-text-color); }
.axis span { grid-column: span 6; white-space: nowrap; }
.axis span:first-child { grid-column: 2 / span 6; }
.legend { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 2px 12px; margin: 6px 0 0; font-size: 12px; color: var(--secondary-text-color); }
.legend i { display: inline-block; vertical-align: middle; margin-inline: 6px; }
.legend .scale { width: 72px; height: 8px; border-radius: 4px; }
:host(:dir(rtl)) .legend .scale { transform: scaleX(-1); }
.legend .mark { margin-inline-start: 0; }
.detail { margin: 6px 0 0; font-size: 12px; min-height: 2.8em; line-height: 1.4; }
.none, .recurring { margin: 8px 0 0; padding: 0; font-size: 13px; line-height: 1.5; list-style: none; }
.recurring li { unicode-bidi: plaintext; }
@media (forced-colors: active) {
  .cell, .legend .scale { forced-color-adjust: none; }
}
`;
