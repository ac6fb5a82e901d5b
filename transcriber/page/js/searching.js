// Asks the worker that searches, and ends it when an expression would take for ever.

import { shown, withText } from "./words.js";

/** @typedef {import("./text-search.js").Hit} Hit */

/** Milliseconds: ten thousand segments take some hundred, and (a+)+b may take the age of the universe. */
const LIMIT = 2000;

export class TooLong extends Error {}

export class Searcher {
  /** @type {{worker: Worker, ready: Promise<void>} | null} */
  #own = null;
  /** @type {Promise<any>} */
  #last = Promise.resolve();

  /** @param {AbortSignal} signal */
  constructor(signal) {
    signal.addEventListener("abort", () => this.#end());
  }

  /**
   * Find; one question is answered after the other.
   * @param {() => boolean} wanted whether anybody still waits, once it is its turn
   * @param {string[]} texts
   * @param {import("./text-search.js").Query} query
   * @param {string} [replacement]
   * @returns {Promise<Hit[]>}
   * @throws {TooLong}
   */
  ask(wanted, texts, query, replacement) {
    const answer = this.#last.then(() => (wanted() ? this.#run([texts, query, replacement]) : []));
    this.#last = answer.catch(() => {});
    return answer;
  }

  /** @param {any[]} question */
  async #run(question) {
    const { worker, ready } = (this.#own ??= start());
    try {
      await ready;
      return await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new TooLong()), LIMIT);
        worker.onmessage = ({ data }) => {
          clearTimeout(timer);
          resolve(data);
        };
        worker.postMessage(question);
      });
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  #end() {
    this.#own?.worker.terminate();
    this.#own = null;
  }
}

/** A worker, and when it can be asked: its start does not count. */
function start() {
  const worker = new Worker(new URL("search-worker.js", import.meta.url), { type: "module" });
  const ready = new Promise((resolve, reject) => {
    worker.onmessage = () => resolve(undefined);
    worker.onerror = () => reject(new Error("search-worker.js"));
  });
  return { worker, ready: /** @type {Promise<any>} */ (ready) };
}

/**
 * The segment with its hits replaced.
 * @param {import("./words.js").Segment} segment
 * @param {Hit[]} hits in its text, in order
 */
export function replaced(segment, hits) {
  // From the end, and one by one: places stay right, and words between two hits keep their times.
  return hits.reduceRight((next, { from, to, put }) => {
    const text = shown(next);
    return withText(next, text.slice(0, from) + put + text.slice(to));
  }, segment);
}
