// Plays the recording.

import { h, iconButton, select } from "./dom.js";
import { clock, number } from "./format.js";
import { t } from "./i18n.js";
import { notice } from "./notices.js";
import { preference, prefer } from "./preferences.js";

const RATES = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
/** Seconds that one step skips. */
export const SKIP = 5;

export class Player {
  /** @type {Array<(time: number) => void>} */
  #watchers = [];
  #frame = 0;
  #until = Infinity;

  /**
   * @param {string} id of the job
   * @param {number} length seconds, until the browser knows better
   * @param {AbortSignal} signal
   */
  constructor(id, length, signal) {
    this.length = length;
    this.audio = h("audio", { src: `api/jobs/${id}/audio`, preload: "metadata" });
    this.audio.volume = preference("volume", 1);
    this.audio.playbackRate = preference("rate", 1);
    this.play = iconButton("play", t("player.play"), () => this.toggle(), { class: "primary icon-only round" });
    this.clock = h("span", { class: "clock" });
    this.rate = select(RATES.map((rate) => [String(rate), `${number(rate)}×`]), String(this.audio.playbackRate), (rate) => this.setRate(Number(rate)), { "aria-label": t("player.rate"), title: t("player.rate") });
    this.element = h("div", { class: "player" }, this.audio,
      iconButton("back", t("player.back", { s: SKIP }), () => this.skip(-SKIP)), this.play,
      iconButton("forward", t("player.forward", { s: SKIP }), () => this.skip(SKIP)), this.clock, this.rate, this.#volume());
    const on = (/** @type {string} */ name, /** @type {() => void} */ listener) => this.audio.addEventListener(name, listener);
    on("play", () => this.#state());
    on("pause", () => this.#state());
    on("seeked", () => this.#tell());
    on("error", () => this.#failed());
    on("loadedmetadata", () => {
      if (Number.isFinite(this.audio.duration)) this.length = this.audio.duration;
      this.audio.playbackRate = preference("rate", 1);
      this.#tell();
    });
    signal.addEventListener("abort", () => {
      cancelAnimationFrame(this.#frame);
      this.audio.pause();
      // Else the browser goes on loading it.
      this.audio.removeAttribute("src");
      this.audio.load();
    });
    this.#tell();
  }

  #volume() {
    const slider = h("input", { type: "range", min: "0", max: "1", step: "0.05", value: String(this.audio.volume), "aria-label": t("player.volume"), oninput: () => {
      this.audio.volume = slider.valueAsNumber;
      this.audio.muted = false;
      prefer("volume", this.audio.volume);
    } });
    const mute = iconButton("volume", t("player.mute"), () => {
      this.audio.muted = !this.audio.muted;
      mute.setAttribute("aria-pressed", String(this.audio.muted));
    });
    return h("span", { class: "volume" }, mute, slider);
  }

  get time() {
    return this.audio.currentTime;
  }

  get playing() {
    return !this.audio.paused;
  }

  /** Call with the time while it plays, and after each jump. */
  onTime(/** @type {(time: number) => void} */ watcher) {
    this.#watchers.push(watcher);
  }

  #tell() {
    this.clock.textContent = `${clock(this.time)} / ${clock(this.length)}`;
    for (const watcher of this.#watchers) watcher(this.time);
  }

  #state() {
    const label = t(this.playing ? "player.pause" : "player.play");
    this.play.querySelector("use").setAttribute("href", `icons.svg#${this.playing ? "pause" : "play"}`);
    this.play.setAttribute("aria-label", label);
    this.play.title = label;
    cancelAnimationFrame(this.#frame);
    const step = () => {
      if (this.time >= this.#until) this.audio.pause();
      this.#tell();
      if (this.playing) this.#frame = requestAnimationFrame(step);
    };
    step();
  }

  #failed() {
    if (this.audio.hasAttribute("src")) notice(t("player.failed"), { problem: true, action: [t("job.retry"), () => this.reload()] });
  }

  /** Load the recording anew, at the same place. */
  reload() {
    const { time } = this;
    this.audio.load();
    this.audio.currentTime = time;
  }

  /** Go to a time. @param {number} time */
  seek(time) {
    this.#until = Infinity;
    this.audio.currentTime = Math.max(0, Math.min(time, this.length));
    this.#tell();
  }

  /** @param {number} seconds */
  skip(seconds) {
    this.seek(this.time + seconds);
  }

  /** Play from a time, until another. @param {number} time @param {number} [until] */
  hear(time, until = Infinity) {
    this.seek(time);
    this.#until = until;
    this.audio.play().catch(() => {});
  }

  /** Play or pause. */
  toggle() {
    this.#until = Infinity;
    if (this.playing) this.audio.pause();
    else this.audio.play().catch(() => {});
  }

  /** @param {number} rate */
  setRate(rate) {
    this.audio.playbackRate = rate;
    this.rate.value = String(rate);
    prefer("rate", rate);
  }

  /** The next rate up or down. @param {1 | -1} step */
  changeRate(step) {
    const at = RATES.indexOf(this.audio.playbackRate);
    this.setRate(RATES[Math.max(0, Math.min(RATES.length - 1, at + step))]);
  }
}

