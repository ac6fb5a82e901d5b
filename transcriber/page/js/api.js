// Asks the program, and turns whatever goes wrong into one clear line.

import { t } from "./i18n.js";

/** What went wrong, as a sentence; status 0 means that nobody answered. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status
   */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * The sentence for an answer that is an error.
 * @param {number} status
 * @param {string} text the body
 */
export function errorOf(status, text) {
  if (status === 0) return new ApiError(t("error.unreachable"), 0);
  if (status === 401 || status === 403) return new ApiError(t("error.refused"), status);
  try {
    return new ApiError(JSON.parse(text).error.message, status);
  } catch {
    return new ApiError(t("error.unknown", { status }), status);
  }
}

/**
 * Ask, and return the answer.
 * @param {string} method
 * @param {string} path below /api
 * @param {any} [body] sent as JSON, or as it is if it is a Blob
 * @param {{signal?: AbortSignal, keepalive?: boolean}} [more]
 */
export async function ask(method, path, body, more = {}) {
  const raw = body instanceof Blob;
  const type = raw ? "application/octet-stream" : "application/json";
  const send = body === undefined && method !== "GET" ? {} : body;
  let answer;
  try {
    answer = await fetch(`api/${path}`, {
      method,
      headers: send === undefined ? {} : { "Content-Type": type },
      body: raw ? send : send === undefined ? undefined : JSON.stringify(send),
      ...more,
    });
  } catch (problem) {
    if (more.signal?.aborted) throw problem;
    throw errorOf(0, "");
  }
  if (!answer.ok) throw errorOf(answer.status, await answer.text());
  return answer;
}

/**
 * Ask, and read the answer as JSON; null if it is empty.
 * @param {string} method
 * @param {string} path
 * @param {any} [body]
 * @param {{signal?: AbortSignal, keepalive?: boolean}} [more]
 */
export async function call(method, path, body, more) {
  const text = await (await ask(method, path, body, more)).text();
  return text ? JSON.parse(text) : null;
}

/** @type {Map<string, Promise<any>>} */
const kept = new Map();

/**
 * What does not change while the program runs is asked once.
 * @param {string} path
 */
export function once(path) {
  const found = kept.get(path) ?? call("GET", path);
  kept.set(path, found);
  found.catch(() => kept.delete(path));
  return found;
}

/** Ask anew from now on: the program may be another one. */
export const forget = () => kept.clear();
