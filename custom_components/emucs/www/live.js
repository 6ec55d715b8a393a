// Subscribes to `emucs/live`, which live.py of the integration describes: each telegram of a meter as it arrives; or to
// another command of that form, such as that of scope.py. Cards of the same meter share one subscription.

const COMMAND = "emucs/live";
// Errors that last until the page connects again: a Home Assistant that does not know the command, or a user without rights.
const FINAL = ["unknown_command", "unauthorized"];
export const RETRY = 10_000; // ms
export const SILENCE = 20_000; // ms without an event until states are shown instead

const feeds = new WeakMap(); // by Home Assistant's connection, then by the command and the entry of the meter

/**
 * Call a listener with the values of each event, and `at`, when they arrived (ms of `performance.now`); with null when
 * there are no live values, and states have to be shown, and with the event that says why, if there is one. Returns a
 * function that ends it.
 */
export function look(connection, entryId, listener, command = COMMAND) {
  const ofConnection = feeds.get(connection) ?? new Map();
  feeds.set(connection, ofConnection);
  const key = `${command} ${entryId}`;
  const feed = ofConnection.get(key) ?? new Feed(connection, entryId, command);
  ofConnection.set(key, feed);
  feed.add(listener);
  return () => {
    if (feed.remove(listener)) {
      ofConnection.delete(key);
    }
  };
}

class Feed {
  constructor(connection, entryId, command) {
    this._connection = connection;
    this._message = { type: command, config_entry_id: entryId };
    this._listeners = new Set();
    this._onReady = () => this._subscribe();
    this._onLost = () => this._leave({ isLost: true });
  }

  add(listener) {
    this._listeners.add(listener);
    if (this._listeners.size > 1) {
      if (this._latest !== undefined) {
        listener(this._latest, this._down);
      }
      return;
    }
    // A new connection has none of the subscriptions of the old one, and uses their ids again.
    this._connection.addEventListener("ready", this._onReady);
    this._connection.addEventListener("disconnected", this._onLost);
    this._subscribe();
  }

  /** Remove a listener. Returns whether it was the last one, which ends the subscription. */
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

  /** End the current subscription, also one that is not answered yet. */
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
    this._tell(null, event.type === "down" ? event : undefined);
    if (event.type === "ended") {
      // The meter is reloaded: the answer arrives when that is done.
      this._subscribe();
    }
  }

  _tell(latest, down) {
    clearTimeout(this._silence);
    if (latest) {
      this._silence = setTimeout(() => this._tell(null), SILENCE);
    }
    this._latest = latest;
    this._down = down;
    [...this._listeners].forEach((listener) => listener(latest, down));
  }
}

function giveBack({ unsubscribe, isLost }) {
  if (unsubscribe && !isLost) {
    // The connection may be closed as well: then there is nothing to cancel.
    unsubscribe().catch(() => {});
  }
}

/** Whether an element is visible: scrolled into view, on a page that is not in the background. */
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
