// The look that all cards share. Colours are those of the user's theme.

export const ARC_PATH = "M 20 100 A 80 80 0 0 1 180 100";
export const ARC = 100; // the length of that, as its `pathLength` says

/** A value with its label. */
export const number = (key) => `
  <div data-part="${key}_number">
    <dt data-part="${key}_label"></dt>
    <dd data-part="${key}"></dd>
  </div>`;

export const BASE = `
:host { display: block; container-type: inline-size; }
[hidden] { display: none !important; }
ha-card { box-sizing: border-box; height: 100%; padding: 16px; color: var(--primary-text-color); }
h2:empty { display: none; }
h2 { margin: 0 0 8px; font-size: var(--ha-font-size-l, 16px); font-weight: 500; line-height: 1.4; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; margin: 0; cursor: pointer; }
:focus-visible { outline: 2px solid var(--primary-color); outline-offset: 2px; border-radius: 4px; }
.gauge, .board { position: relative; }
.gauge { display: block; width: 100%; max-width: 300px; margin: 0 auto; }
.gauge svg { display: block; width: 100%; }
.gauge path { fill: none; stroke-width: 16; }
.track { stroke: var(--divider-color); }
/* The button that is all of what is below it: its label says that in words. */
.cover { position: absolute; inset: 0; width: 100%; }
.end { font-size: 9px; fill: var(--secondary-text-color); text-anchor: middle; }
.centre { position: absolute; inset: 34% 20% 8%; display: flex; flex-direction: column; align-items: center; justify-content: center; }
.big { font-size: 28px; font-weight: 500; line-height: 1.2; white-space: nowrap; }
.small { font-size: 12px; color: var(--secondary-text-color); min-height: 1.2em; line-height: 1.2; }
dl { display: grid; grid-template-columns: repeat(4, 1fr); gap: 8px; margin: 0; text-align: center; }
dt { font-size: 12px; color: var(--secondary-text-color); }
dd { margin: 0; font-weight: 500; font-variant-numeric: tabular-nums; white-space: nowrap; }
.status { margin: 12px 0 0; padding: 2px 0 2px 10px; border-inline-start: 4px solid var(--level); line-height: 1.4; }
/* Powers, and texts in English, are read from left to right, also on a page that is not. */
dd, .big, .end, p { unicode-bidi: plaintext; }
:host(:dir(rtl)) p { text-align: right; }
.unseen { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
`;
