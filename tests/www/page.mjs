// As much of a page as the card needs: elements, events and custom elements. Import it before the card.

const TAG = /<([a-z][\w-]*)((?:\s+[\w-]+(?:="[^"]*")?)*)\s*\/?>/g;
const ATTRIBUTE = /([\w-]+)(?:="([^"]*)")?/g;
const camel = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());

let focused = null;

export class Element {
  constructor(tag = "div") {
    Object.assign(this, { tag, attributes: {}, children: [], dataset: {}, style: { setProperty() {} }, listeners: {}, parent: null, text: "" });
  }

  setAttribute(name, value) {
    this.attributes[name] = String(value);
    if (name.startsWith("data-")) {
      this.dataset[camel(name.slice(5))] = String(value);
    }
  }

  getAttribute(name) {
    return this.attributes[name] ?? null;
  }

  get textContent() {
    return this.children.length ? this.children.map((each) => each.textContent).join("") : this.text;
  }

  set textContent(text) {
    this.children = text === "" ? [] : [Object.assign(new Element("#text"), { text, parent: this })];
  }

  append(...children) {
    children.forEach((each) => (each.parent = this));
    this.children.push(...children);
  }

  prepend(...children) {
    children.forEach((each) => (each.parent = this));
    this.children.unshift(...children);
  }

  replaceChildren(...children) {
    this.children = [];
    this.append(...children);
  }

  /** By tag, `.class`, `[attribute]` and `[attribute="value"]`. */
  matches(selector) {
    const [, name, value] = /^\[([\w-]+)(?:="(.*)")?\]$/.exec(selector) ?? [];
    if (name) {
      return name in this.attributes && (value === undefined || this.attributes[name] === value);
    }
    const classes = (this.attributes.class ?? "").split(" ");
    return selector.startsWith(".") ? classes.includes(selector.slice(1)) : this.tag === selector;
  }

  querySelectorAll(selector) {
    return this.children.flatMap((each) => [...(each.matches(selector) ? [each] : []), ...each.querySelectorAll(selector)]);
  }

  querySelector(selector) {
    return this.querySelectorAll(selector)[0] ?? null;
  }

  closest(selector) {
    return this.matches(selector) ? this : (this.parent?.closest(selector) ?? null);
  }

  get root() {
    return this.parent?.root ?? this;
  }

  getRootNode() {
    return { activeElement: focused?.root === this.root ? focused : null };
  }

  addEventListener(type, listener) {
    (this.listeners[type] ??= []).push(listener);
  }

  removeEventListener(type, listener) {
    this.listeners[type] = (this.listeners[type] ?? []).filter((each) => each !== listener);
  }

  dispatchEvent(event) {
    event.target ??= this;
    (this.listeners[event.type] ?? []).forEach((each) => each(event));
    this.parent?.dispatchEvent?.(event);
  }

  focus() {
    focused = this;
    this.dispatchEvent({ type: "focusin" });
  }

  attachShadow() {
    this.shadowRoot = new Shadow();
    return this.shadowRoot;
  }
}

/** Its elements lie side by side, whatever the markup says. */
class Shadow extends Element {
  set innerHTML(html) {
    this.replaceChildren(...[...html.matchAll(TAG)].map(([, tag, attributes]) => made(tag, attributes)));
  }
}

function made(tag, attributes) {
  const element = new Element(tag);
  for (const [, name, value = ""] of attributes.matchAll(ATTRIBUTE)) {
    element.setAttribute(name, value);
  }
  return element;
}

/** Press a key on an element; whether the page would have done something by itself. */
export function press(element, key) {
  let prevented = false;
  element.dispatchEvent({ type: "keydown", key, preventDefault: () => (prevented = true) });
  return !prevented;
}

/** Put the page behind another one, or before it. */
export function turn(visibilityState) {
  document.visibilityState = visibilityState;
  document.dispatchEvent({ type: "visibilitychange" });
}

/** The elements that are known. */
export class Registry {
  #known = new Map();
  #awaited = new Map();

  get(name) {
    return this.#known.get(name);
  }

  define(name, made) {
    if (this.#known.has(name)) {
      throw new Error(`${name} is defined already`);
    }
    this.#known.set(name, made);
    this.#promise(name).resolve(made);
  }

  whenDefined(name) {
    return this.#promise(name).promise;
  }

  #promise(name) {
    if (!this.#awaited.has(name)) {
      let resolve;
      const promise = new Promise((done) => (resolve = done));
      this.#awaited.set(name, { promise, resolve });
    }
    return this.#awaited.get(name);
  }
}

globalThis.HTMLElement = Element;
globalThis.CustomEvent = class {
  constructor(type, init) {
    Object.assign(this, { type, ...init });
  }
};
globalThis.window = globalThis;
globalThis.getComputedStyle = (element) => ({ direction: element.direction ?? "ltr" });
globalThis.document = Object.assign(new Element("#document"), {
  documentElement: { lang: "en" },
  createElement: (tag) => new Element(tag),
  querySelector: () => null,
  visibilityState: "visible",
});
/** Tells that an element is on the screen as soon as it is observed, and whatever a test says later. */
globalThis.IntersectionObserver = class {
  constructor(tell) {
    this.scroll = (isIntersecting) => tell([{ isIntersecting }]);
  }

  observe(element) {
    element.observer = this;
    this.scroll(true);
  }

  disconnect() {}
};
globalThis.customElements = new Registry();
