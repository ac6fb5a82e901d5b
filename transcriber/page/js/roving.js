// One row of a list is in the order of the Tab key; the arrow keys move between rows.

const CONTROLS = "a, button, input";

/**
 * @param {HTMLElement} list whose children are the rows
 * @returns {() => void} call when rows or their controls have changed
 */
export function roving(list) {
  /** @type {Element | null} */
  let current = null;
  const enter = (/** @type {Element | null} */ row) => {
    current = row;
    for (const one of list.children) {
      for (const control of one.querySelectorAll(CONTROLS)) /** @type {HTMLElement} */ (control).tabIndex = one === row ? 0 : -1;
    }
  };
  const rowOf = (/** @type {any} */ target) => [...list.children].find((row) => row.contains(target)) ?? null;
  list.addEventListener("focusin", (event) => {
    const row = rowOf(event.target);
    if (row !== current) enter(row);
  });
  list.addEventListener("keydown", (event) => {
    const rows = [...list.children];
    const row = rowOf(event.target);
    const at = row ? rows.indexOf(row) : -1;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (!row || to === undefined || !rows[to]) return;
    event.preventDefault();
    const same = [...row.querySelectorAll(CONTROLS)].indexOf(/** @type {Element} */ (event.target));
    const controls = rows[to].querySelectorAll(CONTROLS);
    /** @type {HTMLElement} */ (controls[Math.min(same, controls.length - 1)]).focus();
  });
  return () => enter(current?.isConnected ? current : list.firstElementChild);
}
