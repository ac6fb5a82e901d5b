// Rows of a long list in blocks. The browser draws only the blocks that are seen, and it looks at each
// one at each frame: ten thousand rows of their own would cost it more than drawing.

import { h } from "./dom.js";

/** Rows of a block, and at most after insertions. */
const SIZE = 40;
const MOST = 80;

export class RowBlocks {
  /** @param {HTMLElement} element the list */
  constructor(element) {
    this.element = element;
  }

  /** @param {Element[]} rows */
  #block(rows) {
    return h("div", { class: "block", role: "none" }, rows);
  }

  /** Show these rows, and no others. @param {Element[]} rows */
  fill(rows) {
    const blocks = [];
    for (let at = 0; at < rows.length; at += SIZE) blocks.push(this.#block(rows.slice(at, at + SIZE)));
    this.element.replaceChildren(...blocks);
  }

  /** The row behind a row, or the first. @param {Element | null} row */
  next(row) {
    const block = row ? row.parentElement?.nextElementSibling : this.element.firstElementChild;
    return row?.nextElementSibling ?? block?.firstElementChild ?? null;
  }

  /** Put a row behind another, or at the start. @param {Element} row @param {Element | null} before */
  insert(row, before) {
    if (row === this.next(before)) return;
    const old = row.parentElement;
    const block = before ? /** @type {Element} */ (before.parentElement) : this.element.firstElementChild;
    if (!block || !before) {
      if (block && block.childElementCount < MOST) block.prepend(row);
      else this.element.prepend(this.#block([row]));
    } else if (block.childElementCount < SIZE || (before.nextElementSibling && block.childElementCount < MOST)) before.after(row);
    else {
      // What is behind it begins a block of its own, so that rows put in one by one fill blocks.
      const rest = [];
      for (let one = before.nextElementSibling; one; one = one.nextElementSibling) rest.push(one);
      if (rest.length) block.after(this.#block(rest));
      block.after(this.#block([row]));
    }
    if (old && !old.childElementCount) old.remove();
  }

  /** Take a row away. @param {Element} row */
  remove(row) {
    const block = row.parentElement;
    row.remove();
    if (!block?.childElementCount) block?.remove();
  }
}
