// What a meter says with each telegram, beside Home Assistant's states: `emucs/live`, as live.py of the integration
// explains it. Cards that look at the same meter share one subscription; without any there is none.

const COMMAND = "emucs/live";
// What will not change until the page connects again: a Home Assistant that does not know the command, or no right to it.
const FINAL = ["unknown_command", "unauthorized"];
export const RETRY = 10_000; // ms
export const SILENCE = 20_000; // ms without an event, after which states say as much

const feeds = new WeakMap(); // by Home Assistant's connection, then by the entry of the meter

/**
 * Call a listener with each event of a meter: its values and `at`, when they came (ms of `performance.now`). Null where
 * there are none: states have to do then. Returns how to end it.
 */
export function look(connection, entryId, listener) {
  const ofConnection = feeds.get(connection) ?? new Map();
  feeds.set(connection, ofConnection);
  const feed = ofConnection.get(entryId) ?? new Feed(connection, entryId);
  ofConnection.set(entryId, feed);
  feed.add(listener);
  return () => {
    if (feed.remove(listener)) {
      ofConnection.delete(entryId);
    }
  };
}

class Feed {
  constructor(connection, entryId) {
    this._connection = connection;
    this._message = { type: COMMAND, config_entry_id: entryId };
    this._listeners = new Set();
    this._onReady = () => this._subscribe();
    this._onLost = () => this._leave({ isLost: true });
  }

  add(listener) {
    this._listeners.add(listener);
    if (this._listeners.size > 1) {
      if (this._latest !== undefined) {
        listener(this._latest);
      }
      return;
    }
    // A lost connection takes its subscriptions with it, and numbers those of the next one anew.
    this._connection.addEventListener("ready", this._onReady);
    this._connection.addEventListener("disconnected", this._onLost);
    this._subscribe();
  }

  /** Tell nobody any more, if that was the last one; whether it was. */
  remove(listener) {
    this._listeners.delete(listener);
    if (this._listeners.size) {
      return false;
    }
    this._connection.removeEventListener("ready", this._onReady);
    this._connection.removeEventListener("disconnected", this._onLost);
    clearTimeout(this._silence);
    this._leave();
    return true;
  }

  async _subscribe() {
    this._leave();
    const attempt = (this._attempt = {});
    try {
      const options = { resubscribe: false };
      const listener = (event) => attempt === this._attempt && this._take(event);
      attempt.unsubscribe = await this._connection.subscribeMessage(listener, this._message, options);
    } catch (error) {
      if (attempt === this._attempt) {
        this._tell(null);
        this._retry = FINAL.includes(error?.code) ? undefined : setTimeout(this._onReady, RETRY);
      }
      return;
    }
    if (attempt.isOver) {
      giveBack(attempt);
    }
  }

  /** Expect nothing any more from a subscription that there is, was lost, or is still on its way. */
  _leave({ isLost = false } = {}) {
    clearTimeout(this._retry);
    const attempt = this._attempt;
    this._attempt = undefined;
    if (attempt) {
      Object.assign(attempt, { isOver: true, isLost });
      giveBack(attempt);
    }
  }

  _take(event) {
    if (event.type === "values") {
      this._tell({ ...event, at: performance.now() });
      return;
    }
    this._tell(null);
    if (event.type === "ended") {
      // As on a reload: the answer comes when that is done.
      this._subscribe();
    }
  }

  _tell(latest) {
    clearTimeout(this._silence);
    if (latest) {
      this._silence = setTimeout(() => this._tell(null), SILENCE);
    }
    this._latest = latest;
    [...this._listeners].forEach((listener) => listener(latest));
  }
}

function giveBack({ unsubscribe, isLost }) {
  if (unsubscribe && !isLost) {
    // Nothing to be done about it: the connection may be gone as well.
    unsubscribe().catch(() => {});
  }
}

/** Whether an element can be seen: it is on the page, on the screen, and its page is not behind another one. */
export class Sight {
  constructor(element, changed) {
    this._element = element;
    this._changed = changed;
    this._onPage = () => this._tell();
    this._isOnScreen = false;
    this.isSeen = false;
  }

  connect() {
    document.addEventListener("visibilitychange", this._onPage);
    this._observer = new IntersectionObserver((entries) => {
      this._isOnScreen = entries.at(-1).isIntersecting;
      this._tell();
    });
    this._observer.observe(this._element);
  }

  disconnect() {
    document.removeEventListener("visibilitychange", this._onPage);
    this._observer?.disconnect();
    this._isOnScreen = false;
    this._tell();
  }

  _tell() {
    const isSeen = this._isOnScreen && document.visibilityState !== "hidden";
    if (isSeen !== this.isSeen) {
      this.isSeen = isSeen;
      this._changed();
    }
  }
}
