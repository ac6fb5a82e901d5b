// The stream of events, and whether the program is there. It comes back by itself.

import { errorOf, forget } from "./api.js";

const NAMES = ["job", "segments", "download", "removed", "queue", "model", "reload"];
/** Seconds between tries: quick at first, for a program that only restarts. */
const WAITS = [0.5, 1, 2, 3, 5];

const target = new EventTarget();
/** @typedef {"connecting" | "open" | "lost" | "refused"} State */

/** @type {State} */
let state = "connecting";
let tries = 0;

/**
 * Listen to an event of the program; "reload" means: get everything anew.
 * @param {string} name one of NAMES, or "state" for the connection
 * @param {(data: any) => void} listener
 * @param {AbortSignal} [signal] ends it
 */
export function listen(name, listener, signal) {
  target.addEventListener(name, (event) => listener(/** @type {CustomEvent} */ (event).detail), { signal });
}

/** How it stands with the program. */
export const connection = () => state;

/**
 * @param {string} name
 * @param {any} detail
 */
const emit = (name, detail) => target.dispatchEvent(new CustomEvent(name, { detail }));

/** @param {State} next */
function become(next) {
  if (next === state) return;
  state = next;
  emit("state", state);
}

/** Connect, and keep connected. */
export function connect() {
  const source = new EventSource("api/events");
  for (const name of NAMES) source.addEventListener(name, (event) => emit(name, JSON.parse(event.data)));
  source.onopen = () => {
    tries = 0;
    become("open");
    // What happened before the stream was open is not in it.
    emit("reload", {});
  };
  source.onerror = () => {
    // Our own tries: the browser gives up for good after some kinds of failure.
    source.close();
    forget();
    become(state === "refused" ? "refused" : "lost");
    setTimeout(probe, WAITS[Math.min(tries++, WAITS.length - 1)] * 1000);
  };
}

async function probe() {
  try {
    const answer = await fetch("api/state");
    if (answer.ok) return connect();
    const { status } = errorOf(answer.status, "");
    become(status === 401 || status === 403 ? "refused" : "lost");
  } catch {
    become("lost");
  }
  setTimeout(probe, WAITS[Math.min(tries++, WAITS.length - 1)] * 1000);
}

// A laptop that wakes up should not wait for the next try.
addEventListener("online", () => state === "lost" && probe());
