/**
 * The built page's host: brings each explorable to life when it comes near the viewport, with a stand-in for the model
 * that a kernel would hold, and keeps what the reader chose in the address, so that it can be shared.
 *
 * The address reads `#name.control=value&…`; a page without choices keeps its address as it is.
 */

import { render } from "./explorable.mjs";

/** What the address asks of the explorable `name`: texts by control. */
export function choicesIn(fragment, name) {
  const asked = [...new URLSearchParams(fragment.replace(/^#/, ""))].filter(([key]) => key.startsWith(`${name}.`));
  return Object.fromEntries(asked.map(([key, value]) => [key.slice(name.length + 1), value]));
}

/** The address with the choices of one explorable put in place of its earlier ones; an ordinary anchor gives way. */
export function fragmentWith(fragment, name, choices) {
  const old = [...new URLSearchParams(fragment.replace(/^#/, ""))];
  const others = old.filter(([key]) => key.includes(".") && !key.startsWith(`${name}.`));
  const own = Object.entries(choices).map(([control, value]) => [`${name}.${control}`, value]);
  return `#${new URLSearchParams([...others, ...own])}`;
}

/** What anywidget's model offers, without a kernel. */
export function standIn(state) {
  const listeners = new Map();
  const of = (event) => listeners.get(event) ?? listeners.set(event, new Set()).get(event);
  return {
    get: (key) => state[key],
    set(key, value) {
      state[key] = value;
      for (const callback of of(`change:${key}`)) callback();
    },
    on: (event, callback) => of(event).add(callback),
    off: (event, callback) => of(event).delete(callback),
    save_changes() {},
  };
}

/** Bring one explorable to life: draw it beside its static body, and hide that once the drawing stands. */
async function enliven(root) {
  const { name, payload } = root.dataset;
  const packed = Uint8Array.from(atob(payload), (letter) => letter.charCodeAt(0));
  const model = standIn({ payload: packed, selection: choicesIn(location.hash, name) });
  const el = document.createElement("div");
  const still = [...root.children];
  root.append(el);
  await render({ model, el });
  for (const part of still) part.hidden = true;
  root.dataset.live = "";

  let writing = 0;
  model.on("change:selection", () => {
    clearTimeout(writing); // browsers refuse an address that changes with every step of a slider
    writing = setTimeout(() => {
      history.replaceState(history.state, "", fragmentWith(location.hash, name, model.get("selection")));
    }, 300);
  });
  addEventListener("hashchange", () => {
    const asked = choicesIn(location.hash, name);
    if (Object.keys(asked).length) model.set("selection", asked);
  });
}

/** Watch the page's explorables; the one that the address names comes into view. */
export function host(page) {
  const roots = [...page.querySelectorAll(".explorable[data-payload]")];
  const seen = {};
  for (const { dataset } of roots) {
    const times = (seen[dataset.name] = (seen[dataset.name] ?? 0) + 1);
    if (times > 1) dataset.name += `-${times}`;
  }
  const watch = new IntersectionObserver(
    (changes) => {
      for (const { target } of changes.filter(({ isIntersecting }) => isIntersecting)) {
        watch.unobserve(target);
        enliven(target).catch((error) => console.error(`explorable ${target.dataset.name}:`, error));
      }
    },
    { rootMargin: "600px" },
  );
  for (const root of roots) watch.observe(root);
  roots.find(({ dataset }) => Object.keys(choicesIn(location.hash, dataset.name)).length)?.scrollIntoView();
}

if (typeof document !== "undefined") host(document);
