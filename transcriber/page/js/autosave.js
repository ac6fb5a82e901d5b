// Saves what was edited, soon after it was; and what to do if somebody else has saved meanwhile.

import { ApiError, call } from "./api.js";
import { connection, listen } from "./connection.js";
import { dialog } from "./dialogs.js";
import { bare, newKey, plain } from "./document.js";
import { h } from "./dom.js";
import { dropDraft, findDraft, fromDraft, keepDraft, makeDraft, newGroups } from "./drafts.js";
import { replacePassage } from "./edits.js";
import { t } from "./i18n.js";
import { notice } from "./notices.js";

/** Milliseconds without a change until it is saved, and until it is kept in the browser. */
const QUIET = 900;
const DRAFT = 250;
/** Milliseconds until a save is tried again, and between saves of what only the program added. */
const AGAIN = 5000;
const ADDED = 15_000;

export class Autosave {
  /** @type {any[]} the segments as the program has them */
  #base = [];
  /** @type {any[] | null} the segments of the revision that was saved last from here */
  #kept = null;
  #revision = 0;
  #saved = 0;
  /** Milliseconds that the last save kept the page busy: large transcripts are saved less often. */
  #cost = 0;
  #timer = 0;
  #draftTimer = 0;
  #busy = /** @type {Promise<void> | null} */ (null);

  /**
   * @param {string} id
   * @param {import("./document.js").TranscriptDocument} text
   * @param {import("./transcript-feed.js").Feed} feed
   * @param {AbortSignal} signal
   */
  constructor(id, text, feed, signal) {
    this.id = id;
    this.text = text;
    this.feed = feed;
    this.element = h("span", { class: "save-state" });
    text.onChange(({ patches, origin }) => this.#changed(patches, origin), signal);
    listen("state", (state) => state === "open" && this.dirty && this.flush(), signal);
    listen("job", (job) => job.id === id && job.state === "done" && this.dirty && this.#later(QUIET), signal);
    addEventListener("pagehide", () => this.#draft(), { signal });
    signal.addEventListener("abort", () => {
      if (!this.dirty) return;
      this.#draft();
      this.flush();
    });
  }

  /** Of the program's transcript that the edits are made on. */
  get revision() {
    return this.#revision;
  }

  get dirty() {
    return this.text.version !== this.#saved;
  }

  /**
   * The program's transcript was loaded into the document; what is kept in the browser comes over it.
   * @param {number} revision
   */
  async begin(revision) {
    clearTimeout(this.#timer);
    this.#revision = revision;
    this.#base = [...this.text.segments];
    this.#kept = null;
    this.#saved = this.text.version;
    const draft = findDraft(this.id);
    if (!draft) return this.#show("");
    if (draft.revision === revision && draft.length <= this.#base.length) {
      const { segments } = this.text;
      this.text.apply([this.text.patch(segments, fromDraft(draft, segments).map((one) => this.#own(one)))]);
      return void notice(t("draft.restored"));
    }
    await this.#oldDraft(draft);
  }

  /** A segment out of a draft gets a key of this page. @param {any} segment */
  #own(segment) {
    return this.text.indexOf(segment.key) >= 0 && this.text.get(segment.key) === segment ? segment : { ...segment, key: newKey() };
  }

  /** @param {import("./drafts.js").Draft} draft */
  async #oldDraft(draft) {
    const groups = newGroups(draft);
    const answer = groups.length ? await dialog(t("draft.title"), [h("p", {}, t("draft.text", { n: groups.flat().length }))], { accept: t("draft.use"), others: [["drop", t("draft.drop")]] }) : "drop";
    if (answer === "drop") dropDraft(this.id);
    if (answer !== "ok") return;
    for (const group of groups) replacePassage(this.text, group[0].start, /** @type {any} */ (group.at(-1)).end, group);
  }

  /** @param {import("./document.js").Patch[]} patches @param {string} origin */
  #changed(patches, origin) {
    if (origin === "load") return;
    if (origin === "arrive") {
      // The program has these, too; an edited transcript of its own must get them as well.
      this.#base.push(...patches.flatMap((one) => one.inserted));
      if (!this.#revision) return;
      if (!this.dirty) this.#later(ADDED);
      this.#saved = -1;
      return;
    }
    this.#show("pending");
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => this.#draft(), DRAFT);
    this.#later(Math.max(QUIET, this.#cost * 20));
  }

  /** @param {number} wait */
  #later(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), wait);
  }

  #draft() {
    if (this.dirty && !keepDraft(this.id, makeDraft(this.#base, this.text.segments, this.#revision)) && connection() !== "open") notice(t("draft.full"), { problem: true });
  }

  /** Save now, and wait until it is saved. Throws nothing: the state is shown. */
  async flush() {
    clearTimeout(this.#timer);
    while (this.#busy) await this.#busy;
    if (!this.dirty) return;
    this.#busy = this.#save();
    await this.#busy;
    this.#busy = null;
  }

  async #save() {
    const { version } = this.text;
    const segments = [...this.text.segments];
    this.#show("saving");
    try {
      const begin = performance.now();
      const base = { revision: this.#revision, decoded: this.feed.saving() };
      const place = `jobs/${this.id}/transcript`;
      // The whole of a long recording has megabytes.
      const sent = this.#kept
        ? call("PATCH", place, { ...base, parts: makeDraft(this.#kept, segments, 0).parts.map((one, at) => (Array.isArray(one) ? one : bare(one, at))) })
        : call("PUT", place, { ...base, segments: plain(segments) });
      this.#cost = performance.now() - begin;
      this.#revision = (await sent).revision;
      this.#base = segments;
      this.#kept = [...segments];
      this.#saved = version;
      if (this.dirty) return this.#later(QUIET);
      clearTimeout(this.#draftTimer);
      dropDraft(this.id);
      this.#show("saved");
    } catch (error) {
      const problem = /** @type {ApiError} */ (error);
      this.#show("failed", problem.message);
      this.#kept = null;
      if (problem.status === 409) return void setTimeout(() => this.#conflict());
      if (problem.status === 404) return;
      this.#later(AGAIN);
    }
  }

  /** Somebody else has saved, as in another window. */
  async #conflict() {
    const answer = await dialog(t("conflict.title"), [h("p", {}, t("conflict.text"))], { accept: t("conflict.mine"), danger: true, others: [["theirs", t("conflict.theirs")]] });
    if (answer === "theirs") {
      dropDraft(this.id);
      await this.feed.load();
    } else if (answer === "ok") {
      try {
        this.#revision = (await call("GET", `jobs/${this.id}/transcript`)).revision;
      } catch (error) {
        notice(/** @type {Error} */ (error).message, { problem: true });
      }
      await this.flush();
    }
  }

  /** @param {"" | "pending" | "saving" | "saved" | "failed"} state @param {string} [detail] */
  #show(state, detail = "") {
    this.element.className = `save-state ${state}`;
    this.element.textContent = state ? t(`save.${state}`) : "";
    this.element.title = detail;
  }
}
