// Opens the voltage report of a meter, or downloads it as CSV, by a path that Home Assistant signs for this user.

import { languageOf, say } from "./texts.js";

const SIGNED_FOR = 3600; // seconds: a report that is open can be loaded again

const TEMPLATE = `
<ha-card>
  <p data-part="about"></p>
  <div class="buttons">
    <button type="button" data-part="open"></button>
    <button type="button" data-part="csv"></button>
  </div>
  <p role="status" data-part="status"></p>
</ha-card>`;

const STYLE = `
:host { display: block; }
ha-card { box-sizing: border-box; height: 100%; padding: 16px; color: var(--primary-text-color); }
p { margin: 0; line-height: 1.4; }
p:empty { display: none; }
.buttons { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 12px; }
[role="status"] { margin-top: 12px; color: var(--error-color); }
button {
  font: inherit; font-weight: 500; color: var(--primary-text-color); background: none; padding: 8px 16px; min-height: 40px;
  border: 1px solid var(--primary-color); border-radius: var(--ha-border-radius-pill, 20px); cursor: pointer;
}
button:hover { background: color-mix(in srgb, var(--primary-color) 8%, transparent); }
button:focus-visible { outline: 2px solid var(--primary-color); outline-offset: 2px; }
`;

export class ReportLinks extends HTMLElement {
  static NAME = "emucs-report-links";

  constructor() {
    super();
    this.attachShadow({ mode: "open" });
    this.shadowRoot.innerHTML = `<style>${STYLE}</style>${TEMPLATE}`;
    this._parts = Object.fromEntries(
      [...this.shadowRoot.querySelectorAll("[data-part]")].map((element) => [element.dataset.part, element]),
    );
    this._parts.open.addEventListener("click", () => this._open());
    this._parts.csv.addEventListener("click", () => this._download());
  }

  setConfig(config) {
    if (typeof config.config_entry_id !== "string") {
      throw new Error(`${ReportLinks.NAME}: config_entry_id must be a string.`);
    }
    this._entry = config.config_entry_id;
  }

  getCardSize() {
    return 2;
  }

  getGridOptions() {
    return { columns: 12, min_columns: 6, rows: "auto" };
  }

  set hass(hass) {
    const before = this._hass;
    this._hass = hass;
    if (before && languageOf(before) === languageOf(hass)) {
      return;
    }
    this._parts.about.textContent = say(hass, "report_about");
    this._parts.open.textContent = say(hass, "report_open");
    this._parts.csv.textContent = say(hass, "report_csv");
  }

  /** Open the page. A tab that is opened after waiting is taken for a pop-up, so it is opened before. */
  async _open() {
    const tab = window.open("", "_blank");
    const path = await this._signed("html");
    if (!path) {
      tab?.close();
    } else if (tab) {
      tab.location.replace(path);
    } else {
      // The apps open no tab, but pass a link on to the browser.
      follow(path, { target: "_blank" });
    }
  }

  async _download() {
    const path = await this._signed("csv");
    if (path) {
      follow(path, { download: "" });
    }
  }

  /** The path of the report in a format, or nothing where Home Assistant does not sign it, which is then shown. */
  async _signed(format) {
    const path = `/api/emucs/voltage_report/${this._entry}?format=${format}&language=${languageOf(this._hass)}`;
    this._parts.status.textContent = "";
    try {
      return (await this._hass.callWS({ type: "auth/sign_path", path, expires: SIGNED_FOR })).path;
    } catch {
      this._parts.status.textContent = say(this._hass, "report_failed");
      return null;
    }
  }
}

/** Follow a link, as if it had been clicked. */
function follow(href, more) {
  const link = Object.assign(document.createElement("a"), { href, ...more });
  link.style.display = "none";
  document.body.append(link);
  link.click();
  link.remove();
}
