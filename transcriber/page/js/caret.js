// Where the caret stands in a text, and putting it there.

/**
 * The only text node of an editable text; pasting and typing may leave several.
 * @param {HTMLElement} element
 * @returns {Text}
 */
export function textNode(element) {
  const only = element.firstChild;
  if (only instanceof Text && element.childNodes.length === 1) return only;
  const caret = document.activeElement === element ? caretIn(element) : null;
  const node = document.createTextNode(written(element));
  element.replaceChildren(node);
  if (caret) setCaret(element, caret.from, caret.to);
  return node;
}

/** What was written, on one line. Browsers write a line break as a character or as an element. */
export function written(/** @type {HTMLElement} */ element) {
  const text = [...element.childNodes].map((node) => (node.nodeName === "BR" ? "\n" : (node.textContent ?? ""))).join("");
  // An empty text may hold a break, to have a height.
  return text.replace(/\n$/, "").replace(/\s*[\n\r]+\s*/g, " ");
}

/**
 * The caret or the selection in an element, in characters; null if it is elsewhere.
 * @param {HTMLElement} element
 * @returns {{from: number, to: number} | null}
 */
export function caretIn(element) {
  const selection = getSelection();
  if (!selection?.rangeCount) return null;
  const range = selection.getRangeAt(0);
  if (!element.contains(range.startContainer) || !element.contains(range.endContainer)) return null;
  const before = range.cloneRange();
  before.selectNodeContents(element);
  before.setEnd(range.startContainer, range.startOffset);
  const from = before.toString().length;
  return { from, to: from + range.toString().length };
}

/**
 * Put the caret, or select.
 * @param {HTMLElement} element
 * @param {number} from
 * @param {number} [to]
 */
export function setCaret(element, from, to = from) {
  const node = textNode(element);
  getSelection()?.setBaseAndExtent(node, Math.min(from, node.length), node, Math.min(to, node.length));
}

/**
 * Whether the caret is on the first or the last line of an element.
 * @param {HTMLElement} element
 * @param {"first" | "last"} which
 */
export function onLine(element, which) {
  const range = getSelection()?.getRangeAt(0);
  const caret = range?.getClientRects()[0];
  // An empty text has no rectangle, and one line.
  if (!caret) return true;
  const box = element.getBoundingClientRect();
  return which === "first" ? caret.top - box.top < caret.height : box.bottom - caret.bottom < caret.height;
}
