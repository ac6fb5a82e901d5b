// The page "Live": speak, and read what was said.

import { button, checkbox, field, h, icon, select } from "./dom.js";
import { confirmed } from "./dialogs.js";
import { copyText, saveFile } from "./exporting.js";
import { clock } from "./format.js";
import { t } from "./i18n.js";
import { jobOptions, knowledge } from "./job-options.js";
import { mayListen, microphones } from "./live-microphone.js";
import { clear, giveUp, live, onLive, saved, start, stop } from "./live-session.js";
import { heardSeconds, soundFile } from "./live-sound.js";
import { showStage } from "./live-stage.js";
import { plainText, subtitles } from "./live-text.js";
import { withMenu } from "./menu.js";
import { attempt, notice, say } from "./notices.js";
import { optionField } from "./option-fields.js";
import { prefer, preference } from "./preferences.js";
import { useShortcuts } from "./shortcuts.js";
import { upload } from "./uploads.js";

const FIELDS = ["language", "model", "task"];

/** @type {{microphone: string, options: Record<string, any>, copies: boolean}} */
const chosen = { microphone: "", options: {}, copies: false, ...preference("live") };
const choose = (/** @type {Partial<typeof chosen>} */ change) => prefer("live", Object.assign(chosen, change));

const begin = (/** @type {boolean} */ isLong) => start({ microphone: chosen.microphone, options: chosen.options, isLong });

/**
 * @param {HTMLElement} root
 * @param {string} _
 * @param {AbortSignal} signal
 */
export function livePage(root, _, signal) {
  const turn = () => (live.state === "recording" ? stop() : live.state === "working" ? giveUp() : begin(false));
  const main = button("", turn, { class: "primary" });
  const long = button(t("live.long"), () => (begin(true), main.focus()), { title: t("live.long.help") });
  const bar = h("span", {});
  const text = liveText(signal);
  root.append(
    h("h1", { class: "unseen" }, t("nav.live")),
    h("div", { class: "card live-bar" },
      h("div", { class: "row" }, main, long, lamp(signal)),
      h("div", { class: "level", "aria-hidden": "true" }, bar),
      trouble(signal)),
    text,
    taking(signal),
    fields(signal));

  const show = () => {
    const isOn = live.state === "recording";
    main.replaceChildren(icon(isOn ? "stop" : "mic"), h("span", {}, t(isOn ? "live.stop" : live.state === "working" ? "cancel" : "live.start")));
    // Disabled, it would lose the focus, and with it the space key.
    main.setAttribute("aria-disabled", String(live.state === "starting"));
    long.hidden = live.state !== "ready";
  };
  onLive("state", show, signal);
  onLive("state", () => live.state === "ready" && chosen.copies && live.unsaved && live.finals.length && copy(), signal);
  // As ears hear it: 60 dB.
  onLive("level", () => (bar.style.width = `${Math.max(0, 100 + (100 / 3) * Math.log10(live.level || 1e-9))}%`), signal);
  useShortcuts([{ keys: "Space", name: "shortcut.live", run: turn }], signal);
  show();
}

/** How it is, by colour and by word; a reader is told each change. */
function lamp(/** @type {AbortSignal} */ signal) {
  const dot = h("span", { class: "lamp" });
  const word = h("span", {});
  const time = h("span", { class: "left" });
  const tick = () => (time.textContent = heardSeconds() ? clock(heardSeconds()) : "");
  const show = () => {
    const said = t(live.state === "recording" && live.isLong ? "live.recording.long" : `live.${live.state}`);
    if (word.textContent && word.textContent !== said) say(said);
    dot.dataset.state = live.state;
    word.textContent = said;
    tick();
  };
  onLive("state", show, signal);
  onLive("level", tick, signal);
  show();
  return h("span", { class: "row" }, dot, word, time);
}

/** What is wrong, and that it is slow. */
function trouble(/** @type {AbortSignal} */ signal) {
  const slow = h("p", { class: "muted" });
  const wrong = h("p", { class: "wrong", role: "alert" });
  const show = () => {
    slow.textContent = live.behind ? (live.isLoaded ? t("live.slow", { s: Math.round(live.behind) }) : t("live.loading")) : "";
    wrong.textContent = live.problem || (mayListen() ? "" : t("live.unsafe"));
  };
  onLive("state", show, signal);
  onLive("level", show, signal);
  show();
  return [slow, wrong];
}

/** The text; only what is final is read out, and never rewritten. */
function liveText(/** @type {AbortSignal} */ signal) {
  const finals = h("div", { role: "log", "aria-live": "polite", "aria-label": t("live.text") });
  const partial = h("span", { class: "partial" });
  const box = h("div", { class: "card live-text", tabindex: "0", role: "region", "aria-label": t("live.text"), dir: "auto" }, finals, partial);
  let shown = 0;
  const show = () => {
    const isLow = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    if (shown > live.finals.length) shown = (finals.replaceChildren(), 0);
    for (; shown < live.finals.length; shown += 1) {
      const one = live.finals[shown];
      if (!shown || one.take !== live.finals[shown - 1].take) finals.append(h("p", {}));
      finals.lastElementChild.append(h("span", { title: clock(one.start) }, `${one.text} `));
    }
    partial.textContent = live.partial;
    box.classList.toggle("blank", !shown && !live.partial);
    if (isLow) box.scrollTop = box.scrollHeight;
  };
  box.dataset.hint = t("live.hint");
  onLive("text", show, signal);
  show();
  return box;
}

const copy = () => attempt(async () => {
  await copyText(plainText(live.finals));
  saved();
});

/** A name with the day and the time, as files are called. */
function stamp() {
  const now = new Date();
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString();
  return `${t("nav.live")} ${local.slice(0, 16).replace("T", " ").replace(":", ".")}`;
}

function save(/** @type {"txt" | "srt" | "vtt"} */ format) {
  const text = format === "txt" ? `${plainText(live.finals)}\n` : subtitles(live.finals, format);
  saveFile(new Blob([text], { type: "text/plain" }), `${stamp()}.${format}`);
  saved();
}

/** What can be done with the text, and with the sound. */
function taking(/** @type {AbortSignal} */ signal) {
  const keep = () => attempt(async () => {
    upload([soundFile(`${stamp()}.wav`)], { ...(await jobOptions()), ...chosen.options });
    saved();
    notice(t("live.kept"), { action: [t("nav.files"), () => (location.hash = "#/files")] });
  });
  const formats = /** @type {Array<"txt" | "srt" | "vtt">} */ (["txt", "srt", "vtt"]);
  const drop = async () => {
    if (!live.unsaved || (await confirmed(t("live.clear"), t("live.clear.text"), t("live.clear")))) clear();
  };
  const ofText = [
    button(t("export.copy"), copy, { symbol: "copy" }),
    withMenu(button(t("live.save"), () => {}, { symbol: "download" }), () => formats.map((format) => ({ text: format.toUpperCase(), run: () => save(format) }))),
  ];
  const ofSound = [button(t("live.keep"), keep, { symbol: "plus", title: t("live.keep.help") }), button(t("live.clear"), drop, { symbol: "trash", class: "quiet" })];
  const show = () => {
    for (const one of ofText) one.disabled = !live.finals.length;
    for (const one of ofSound) one.disabled = live.state !== "ready" || !heardSeconds();
  };
  onLive("state", show, signal);
  onLive("text", show, signal);
  show();
  return h("div", { class: "row" }, ofText, ofSound, button(t("live.stage"), () => showStage(signal), { symbol: "screen", class: "quiet" }));
}

/** Microphone, language, model and translation; for the next start. */
function fields(/** @type {AbortSignal} */ signal) {
  const place = h("div", { class: "fields" });
  const list = async () => {
    const found = await microphones();
    const names = found.map((one) => /** @type {[string, string]} */ ([one.deviceId, one.label]));
    const is = names.some(([id]) => id === chosen.microphone) ? chosen.microphone : "";
    microphone.replaceChildren(...select([["", t("live.microphone.usual")], ...names], is).children);
    microphone.value = is;
  };
  const microphone = select([], "", (value) => choose({ microphone: value }));
  const set = (/** @type {string} */ name, /** @type {any} */ value) => {
    const { [name]: __, ...others } = chosen.options;
    choose({ options: value === undefined ? others : { ...others, [name]: value } });
  };
  attempt(list);
  onLive("state", () => live.state === "recording" && attempt(list), signal);
  navigator.mediaDevices?.addEventListener("devicechange", list, { signal });
  place.append(field(t("live.microphone"), microphone));
  attempt(async () => {
    const { groups, defaults, models, standard, languages } = await knowledge();
    const all = groups.flatMap((/** @type {any} */ group) => group.options);
    for (const name of FIELDS) {
      const option = all.find((/** @type {any} */ one) => one.name === name);
      const fallback = defaults[name] ?? (name === "model" ? standard : option?.default);
      if (option) place.append(optionField(option, chosen.options[name], (value) => set(name, value), { languages, models, fallback }));
    }
  });
  return h("details", { class: "more", open: preference("liveOpen", false), ontoggle: (/** @type {any} */ event) => prefer("liveOpen", event.target.open) },
    h("summary", {}, t("live.options")), place, checkbox(t("live.copies"), chosen.copies, (copies) => choose({ copies })));
}
