// Builds elements. Text becomes text nodes, never markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element.
 * @param {string} tag
 * @param {Record<string, any>} [props] attributes and properties; `onclick` and the like are listeners;
 *   null, undefined and false are left out
 * @param {...(Node | string | null | undefined | false | Array<any>)} children
 * @returns {any} the element
 */
export function h(tag, props = {}, ...children) {
  const element = /** @type {any} */ (document.createElement(tag));
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child || child === 0));
  return element;
}

/**
 * Draw one of the symbols of icons.svg; it is never read out.
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `icons.svg#${name}`);
  svg.append(use);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  return svg;
}

/**
 * A button that shows only a symbol; its label is read out and shown as a tip.
 * @param {string} symbol
 * @param {string} label
 * @param {(event: Event) => void} onclick
 * @param {Record<string, any>} [props]
 */
export function iconButton(symbol, label, onclick, props = {}) {
  const all = { type: "button", class: "quiet icon-only", "aria-label": label, title: label, onclick, ...props };
  return h("button", all, icon(symbol));
}

/**
 * A button with words, and a symbol before them.
 * @param {string} text
 * @param {(event: Event) => void} onclick
 * @param {{symbol?: string} & Record<string, any>} [props]
 */
export function button(text, onclick, { symbol, ...props } = {}) {
  return h("button", { type: "button", onclick, ...props }, symbol && icon(symbol), h("span", {}, text));
}

/**
 * A field with its label, and a line of help below.
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string} [help]
 */
export function field(label, control, help) {
  const note = help && h("small", { id: unique("help") }, help);
  if (note) control.setAttribute("aria-describedby", note.id);
  return h("label", { class: "field" }, h("span", {}, label), control, note);
}

/**
 * A box to tick, with its label behind it.
 * @param {string} label
 * @param {boolean} checked
 * @param {(checked: boolean) => void} changed
 */
export function checkbox(label, checked, changed) {
  const box = h("input", { type: "checkbox", checked, onchange: () => changed(box.checked) });
  return h("label", { class: "check" }, box, h("span", {}, label));
}

/**
 * A list to choose from.
 * @param {Array<[string, string]>} choices value and text of each
 * @param {string} value
 * @param {(value: string) => void} [changed]
 * @param {Record<string, any>} [props]
 */
export function select(choices, value, changed, props = {}) {
  const list = h("select", { onchange: () => changed?.(list.value), ...props }, choices.map(([key, text]) => h("option", { value: key }, text)));
  list.value = value;
  return list;
}

let count = 0;

/** An id that nothing else in the page has. */
export function unique(/** @type {string} */ stem) {
  count += 1;
  return `${stem}-${count}`;
}

/** Whether somebody is typing: keys without Ctrl are theirs then. */
export function typing(/** @type {EventTarget | null} */ target) {
  const element = /** @type {HTMLElement} */ (target);
  return Boolean(element?.isContentEditable || element?.closest?.("input:not([type=checkbox],[type=radio],[type=range],[type=button]), textarea, select"));
}

/** Whether moving things should not move. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
