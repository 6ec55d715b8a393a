// What the flow card is made of: its elements, and how they look.

import { BASE } from "./card-view.js";

/** Where each is, by its centre: the sun above, the grid at the left, the house at the right, the battery below. */
const PLACES = { sun: [150, 41], grid: [44, 116], house: [256, 116], battery: [150, 191] };
const ICONS = { sun: "mdi:solar-power", grid: "mdi:transmission-tower", house: "mdi:home", battery: "mdi:battery" };
export const NODES = Object.keys(PLACES);
export const FLOWS = ["sun_house", "sun_grid", "sun_battery", "grid_house", "grid_battery", "battery_house", "battery_grid"];
const WIDTH = 300;
const HEIGHT = 232;

const path = (name) => {
  const [from, to] = name.split("_").map((each) => PLACES[each]);
  // Between two sides straight, else bent towards the middle.
  const isStraight = from[0] === to[0] || from[1] === to[1];
  const [x, y] = [150, 116];
  return `M${from}${isStraight ? "L" : `Q${x} ${y} `}${to}`;
};

const line = (name) => `<path class="flow ${name.split("_")[0]} to-${name.split("_")[1]}" data-part="${name}" d="${path(name)}" />`;

const node = (name) => `
  <span class="node ${name}" data-part="${name}_node" style="left: ${(PLACES[name][0] / WIDTH) * 100}%; top: ${(PLACES[name][1] / HEIGHT) * 100}%">
    <ha-icon icon="${ICONS[name]}"></ha-icon>
    <span class="power" data-part="${name}"></span>
    <span class="small" data-part="${name}_label"></span>
  </span>`;

export const TEMPLATE = `
<ha-card data-part="card">
  <h2 data-part="title"></h2>
  <div class="board" data-part="board">
    <span class="plane" aria-hidden="true">
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true">${FLOWS.map(line).join("")}</svg>
      ${NODES.map(node).join("")}
    </span>
    <button type="button" class="cover" data-part="gauge"></button>
  </div>
  <p class="status" data-part="status"></p>
</ha-card>`;

export const STYLE = `${BASE}
.board { display: block; width: 100%; max-width: 420px; margin: 0 auto; overflow: hidden; aspect-ratio: 300 / 232; }
/* Without a battery, there is nothing below. */
[data-battery="none"] .board { aspect-ratio: 300 / 158; }
.plane { position: relative; display: block; }
.board svg { display: block; width: 100%; }
.sun { --flow: var(--energy-solar-color, #ff9800); }
.grid { --flow: var(--energy-grid-consumption-color, #488fc2); }
.battery { --flow: var(--energy-battery-out-color, #4db6ac); }
.to-battery, .battery.charging { --flow: var(--energy-battery-in-color, #f06292); }
.to-grid, .grid.returned { --flow: var(--energy-grid-return-color, #8353d1); }
.house { --flow: var(--primary-text-color); }
.flow { fill: none; stroke: var(--flow); stroke-width: 2.5; stroke-linecap: round; stroke-dasharray: 1 7; animation: flow var(--time, 2s) linear infinite; }
@keyframes flow { to { stroke-dashoffset: -8; } }
@media (prefers-reduced-motion: reduce) { .flow { animation: none; stroke-dasharray: none; } }
.node {
  position: absolute; transform: translate(-50%, -50%); box-sizing: border-box; width: 25%; aspect-ratio: 1; border-radius: 50%;
  border: 2px solid var(--flow); background: var(--card-background-color, #fff);
  display: flex; flex-direction: column; align-items: center; justify-content: center; line-height: 1.25;
}
.node ha-icon { --mdc-icon-size: 20px; color: var(--flow); }
.power { font-size: 13px; font-weight: 500; white-space: nowrap; font-variant-numeric: tabular-nums; unicode-bidi: plaintext; }
.small { font-size: 11px; min-height: 0; }
.status:empty { display: none; }
.status { --level: var(--disabled-color, #bdbdbd); }
`;
