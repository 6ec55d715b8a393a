// What an action answers about a meter, asked for again when something tells that it may be another.

import { isGone } from "./meter.js";

const DOMAIN = "emucs";

export class Answer {
  /** `action` is one that everybody may call who may see the card. */
  constructor(action) {
    this._action = action;
    this.forget();
  }

  /** Forget what is known of another meter. */
  forget() {
    /** The latest answer; null where there is none, undefined while it has not come. */
    this.latest = undefined;
    this._key = null;
  }

  /**
   * Ask if the states of some entities, or `more` about them, are others than before; tell whether there is something new
   * to show. What was answered before stays when that fails.
   */
  async follow(hass, meter, states, more = []) {
    const gone = states.filter(isGone).length;
    // Where all are gone no meter is loaded; and where one is, nothing is newer than what is shown.
    const inVain = gone > 0 && (this.latest || gone === states.length);
    const key = inVain ? null : [meter.id, ...states.map((each) => each?.state), ...more].join();
    const isKnown = key === this._key;
    this._key = key;
    if (inVain || isKnown) {
      return false;
    }
    try {
      const { response } = await hass.callWS({
        type: "call_service",
        domain: DOMAIN,
        service: this._action,
        service_data: { config_entry_id: meter.config_entry_id },
        return_response: true,
      });
      // A later answer may have come before this one.
      if (this._key === key) {
        this.latest = response;
      }
    } catch {
      this.latest ??= null;
    }
    return true;
  }
}
