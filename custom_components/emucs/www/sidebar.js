// The panel that stands in the sidebar until an administrator opens it: it adds the dashboard, by the commands of Home
// Assistant's own settings, and gives way to it. sidebar.py of the integration shows and removes it.

import { say } from "./texts.js";

const NAME = "emucs-sidebar-panel";
const PATH = "belgian-digital-meter";
const STRATEGY = "custom:emucs";

class SidebarPanel extends HTMLElement {
  set hass(hass) {
    this._added ??= add(hass)
      // Loaded anew, as a page may be older than the integration.
      .then((path) => location.replace(`/${path}`))
      .catch((error) => {
        this.textContent = say(hass, "sidebar_failed");
        console.warn("The dashboard of emucs was not added", error);
      });
  }
}

if (!customElements.get(NAME)) {
  customElements.define(NAME, SidebarPanel);
}

/** Add the dashboard, unless there is one; returns its path. */
export async function add(hass) {
  const call = (type, more) => hass.callWS({ type, ...more });
  const paths = (await call("lovelace/dashboards/list")).map(({ url_path }) => url_path);
  const configs = await Promise.all(paths.map((path) => configOf(call, path)));
  let path = paths[configs.findIndex((config) => config?.strategy?.type === STRATEGY)];
  if (!path) {
    path = PATH;
    if (!paths.includes(path)) {
      const shown = { title: say(hass, "dashboard_name"), icon: "mdi:meter-electric", show_in_sidebar: true };
      await call("lovelace/dashboards/create", { url_path: path, ...shown });
    }
    // It has nothing in it if it was made just now, or by a page that was closed meanwhile.
    if (!configs[paths.indexOf(path)]) {
      await call("lovelace/config/save", { url_path: path, config: { strategy: { type: STRATEGY } } });
    }
  }
  await call("emucs/sidebar_done");
  return path;
}

/** What a dashboard has in it: null for nothing. One that cannot be read is the user's, and stays as it is. */
async function configOf(call, path) {
  try {
    return await call("lovelace/config", { url_path: path });
  } catch (error) {
    return error?.code === "config_not_found" ? null : {};
  }
}
