// Adds the dashboard to the sidebar, if a user asked for that at set-up, by the commands of Home Assistant's own settings:
// only browsers of administrators may send them. sidebar.py of the integration describes ours.

import { say } from "./texts.js";

const PATH = "belgian-digital-meter";
const STRATEGY = "custom:emucs";

/** Add the dashboard when the integration says so. `home` returns Home Assistant as the frontend has it. */
export function follow(connection, home) {
  const message = { type: "emucs/sidebar/subscribe" };
  // It is asked for again by ourselves: Home Assistant may not know the command any more.
  const options = { resubscribe: false };
  const subscribe = () => connection.subscribeMessage(() => add(connection, home()).catch(tell), message, options).catch(() => {});
  connection.addEventListener("ready", subscribe);
  return subscribe();
}

function tell(error) {
  console.warn("The dashboard of emucs was not added to the sidebar", error);
}

async function add(connection, hass) {
  const call = (type, more) => connection.sendMessagePromise({ type, ...more });
  if (!(await call("emucs/sidebar/take"))) {
    return;
  }
  const paths = (await call("lovelace/dashboards/list")).map(({ url_path }) => url_path);
  const configs = await Promise.all(paths.map((path) => configOf(call, path)));
  if (!configs.some((config) => config?.strategy?.type === STRATEGY)) {
    if (!paths.includes(PATH)) {
      const shown = { title: say(hass, "dashboard_name"), icon: "mdi:meter-electric", show_in_sidebar: true };
      await call("lovelace/dashboards/create", { url_path: PATH, ...shown });
    }
    // Empty if it was made just now, or by a browser that was closed meanwhile.
    if (!configs[paths.indexOf(PATH)]) {
      await call("lovelace/config/save", { url_path: PATH, config: { strategy: { type: STRATEGY } } });
    }
  }
  await call("emucs/sidebar/done");
}

/** What a dashboard has in it: null for nothing. */
async function configOf(call, path) {
  try {
    return await call("lovelace/config", { url_path: path });
  } catch (error) {
    if (error?.code !== "config_not_found") {
      // A broken one of the user's is none of ours.
      return {};
    }
    return null;
  }
}
