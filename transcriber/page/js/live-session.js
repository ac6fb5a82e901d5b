// Listening: from the microphone to the program, and what comes back. It goes on while other pages are shown.

import { t } from "./i18n.js";
import { listenTo, mayListen } from "./live-microphone.js";
import { dropSound, heardSeconds, keepSound } from "./live-sound.js";

/** Bytes of a second. */
const BYTES = 32000;

const STOP = JSON.stringify({ stop: true });

/** Seconds that may wait in the browser before that is told, and after which there is no room. */
const SLOW = 3;
const FULL = 3600;

/** @typedef {import("./live-text.js").Final} Final */

/**
 * How it is: `state` is ready, starting, recording or working; `isLoaded` whether the program listens by
 * now; `unsaved` whether nobody has taken the text yet.
 */
export const live = {
  state: "ready",
  isLong: false,
  isLoaded: false,
  level: 0,
  behind: 0,
  problem: "",
  partial: "",
  /** @type {Final[]} */
  finals: [],
  unsaved: false,
};

const target = new EventTarget();

/**
 * Call at each change: "state", "text" or "level".
 * @param {string} name
 * @param {() => void} listener
 * @param {AbortSignal} signal
 */
export const onLive = (name, listener, signal) => target.addEventListener(name, listener, { signal });

const changed = (/** @type {string} */ name) => target.dispatchEvent(new Event(name));

/** @type {WebSocket | null} */
let socket = null;
/** @type {Int16Array[]} */
let unsent = [];
/** @type {null | (() => Promise<void>)} */
let endMicrophone = null;
let [take, offset, partialStart] = [0, 0, 0];
/** Seconds that wait here, and in the program. */
let [waiting, late] = [0, 0];
/** Whether all sound was heard; whether the program has said that it is over, or why it cannot. */
let [isHeard, isToldOver] = [false, false];

/** @param {string} state */
function become(state) {
  live.state = state;
  if (state !== "recording") live.level = 0;
  changed("level");
  changed("state");
}

/** Tell what is wrong; nothing is lost by it. */
function fail(/** @type {string} */ problem) {
  live.problem = problem;
  changed("state");
}

/**
 * Begin to listen.
 * @param {{microphone: string, options: Record<string, any>, isLong: boolean}} wanted
 */
export async function start({ microphone, options, isLong }) {
  if (live.state !== "ready") return;
  if (!mayListen()) return fail(t("live.unsafe"));
  Object.assign(live, { isLong, isLoaded: false, problem: "" });
  become("starting");
  try {
    endMicrophone = await listenTo(microphone, hear, () => {
      fail(t("live.lost"));
      stop();
    });
  } catch (error) {
    const { name, message } = /** @type {Error} */ (error);
    become("ready");
    return fail(name === "NotAllowedError" ? t("live.refused") : name === "NotFoundError" || name === "OverconstrainedError" ? t("live.none") : t("live.broken", { message }));
  }
  take += 1;
  offset = heardSeconds();
  [isHeard, isToldOver] = [false, false];
  connect({ options, long: isLong });
  become("recording");
}

/** @param {Record<string, any>} first what the program is told */
function connect(first) {
  const address = new URL("api/live", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const own = new WebSocket(address);
  socket = own;
  own.onopen = () => {
    own.send(JSON.stringify(first));
    for (const block of unsent) own.send(/** @type {any} */ (block));
    unsent = [];
    if (isHeard) own.send(STOP);
  };
  own.onmessage = ({ data }) => told(JSON.parse(data));
  own.onclose = () => {
    if (!isToldOver) fail(t("live.cut"));
    over();
  };
}

/** Take in what the microphone has heard. */
function hear(/** @type {Int16Array} */ block) {
  keepSound(block);
  live.unsaved = true;
  live.level = block.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0) / 32768;
  if (socket?.readyState === WebSocket.OPEN) socket.send(/** @type {any} */ (block));
  else if (!isToldOver) unsent.push(block);
  waiting = (socket?.bufferedAmount ?? 0) / BYTES + unsent.length / 10;
  measure();
  if (waiting < FULL) return;
  fail(t("live.full"));
  stop();
}

function measure() {
  live.behind = waiting + late > SLOW ? waiting + late : 0;
  changed("level");
}

/** @param {any} event of the program */
function told(event) {
  switch (event.event) {
    case "partial":
      live.partial = event.text;
      partialStart = event.start;
      return changed("text");
    case "final":
      if (partialStart < event.end) live.partial = "";
      if (event.text.trim()) live.finals.push({ start: offset + event.start, end: offset + event.end, text: event.text.trim(), take });
      return changed("text");
    case "slow":
    case "level":
      late = event.behind;
      return measure();
    case "ready":
      live.isLoaded = true;
      return changed("state");
    case "error":
      isToldOver = true;
      return fail(event.message);
    case "ended":
      isToldOver = true;
  }
}

/** Hear no more; what was heard still becomes text. */
export async function stop() {
  if (live.state !== "recording") return;
  become("working");
  await release();
  isHeard = true;
  if (socket?.readyState === WebSocket.OPEN) socket.send(STOP);
}

async function release() {
  const end = endMicrophone;
  endMicrophone = null;
  await end?.();
}

/** The program has ended. */
async function over() {
  socket = null;
  await release();
  unsent = [];
  [waiting, late] = [0, 0];
  Object.assign(live, { partial: "", behind: 0 });
  changed("text");
  become("ready");
}

/** Wait no longer for what was heard. */
export function giveUp() {
  if (live.state !== "working" || !socket) return;
  socket.onmessage = socket.onclose = null;
  socket.close();
  over();
}

/** Forget what was said and heard. */
export function clear() {
  dropSound();
  Object.assign(live, { finals: [], partial: "", problem: "", unsaved: false });
  changed("text");
  changed("state");
}

/** Remember that the reader has the text. */
export const saved = () => (live.unsaved = false);

addEventListener("beforeunload", (event) => {
  if (live.unsaved) event.preventDefault();
});
