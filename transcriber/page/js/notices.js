// Short messages at the edge of the page, and what is only read out.

import { button, h, iconButton } from "./dom.js";
import { t } from "./i18n.js";

/** Milliseconds that a message without a problem stays. */
const STAY = 6000;

/**
 * Show a message. Problems stay until they are closed.
 * @param {string} text
 * @param {{problem?: boolean, action?: [string, () => void]}} [more] a button with what can be done
 * @returns {() => void} hides it
 */
export function notice(text, { problem = false, action } = {}) {
  const close = () => box.remove();
  const box = h("div", { class: ["notice", problem && "problem", action && "offer"].filter(Boolean).join(" "), role: problem ? "alert" : null }, h("p", {}, text));
  if (action) box.append(button(action[0], () => (close(), action[1]())));
  box.append(iconButton("close", t("close"), close));
  const place = /** @type {HTMLElement} */ (document.getElementById("notices"));
  // The same problem twice is one problem.
  for (const old of place.children) if (old.firstChild?.textContent === text) old.remove();
  place.append(box);
  if (!problem) setTimeout(close, action ? STAY * 2 : STAY);
  return close;
}

/**
 * Say what an edit did, and offer to undo it until there is another.
 * @param {string} said
 * @param {import("./document.js").TranscriptDocument} text
 * @param {import("./document.js").Edit} edit
 * @param {AbortSignal} signal
 */
export function undoNotice(said, text, edit, signal) {
  const close = notice(said, { action: [t("undo"), () => text.undo(edit)] });
  text.onChange(({ origin }) => origin !== "arrive" && close(), signal);
}

// What a message offers to do belongs to the page that it came from.
addEventListener("hashchange", () => document.querySelectorAll("#notices .offer").forEach((one) => one.remove()));

/**
 * Run something that may fail, and show how it failed.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T | undefined>}
 */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    if (/** @type {Error} */ (error).name !== "AbortError") notice(/** @type {Error} */ (error).message, { problem: true });
    return undefined;
  }
}

/** Have a screen reader say something that is seen otherwise. */
export function say(/** @type {string} */ text) {
  const place = document.getElementById("spoken-status");
  if (place) place.textContent = text;
}
