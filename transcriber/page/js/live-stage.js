// What an audience sees: two lines in large letters on the whole screen.

import { h, iconButton } from "./dom.js";
import { t } from "./i18n.js";
import { live, onLive } from "./live-session.js";
import { prefer, preference } from "./preferences.js";

/** Pieces that are kept on the stage; two lines of them are seen. */
const SEEN = 3;

/**
 * Show it until the reader leaves it, or the page.
 * @param {AbortSignal} page
 */
export function showStage(page) {
  const left = new AbortController();
  const { signal } = left;
  const others = [...document.body.children].filter((one) => one.id !== "spoken-status");
  const opener = /** @type {HTMLElement | null} */ (document.activeElement);
  const lines = h("div", { class: "captions", dir: "auto" });
  const stage = h("div", { class: "audience", role: "region", tabindex: "-1", "aria-label": t("live.stage") }, lines,
    h("div", { class: "row" },
      iconButton("contrast", t("live.stage.theme"), () => theme(!preference("stageLight", false))),
      iconButton("close", t("close"), () => left.abort())));
  const theme = (/** @type {boolean} */ isLight) => {
    prefer("stageLight", isLight);
    stage.classList.toggle("light", isLight);
  };
  const show = () => {
    const texts = [...live.finals.slice(-SEEN).map((one) => h("p", {}, one.text)), live.partial && h("p", { class: "partial" }, live.partial)];
    lines.replaceChildren(...texts.filter(Boolean));
  };
  theme(preference("stageLight", false));
  onLive("text", show, signal);
  show();
  for (const one of others) one.toggleAttribute("inert", true);
  document.body.append(stage);
  // Not a button of it: the space key starts and stops here, too.
  stage.focus();
  // Where the browser does not want to, the window is the stage.
  stage.requestFullscreen?.().catch(() => {});
  document.addEventListener("fullscreenchange", () => document.fullscreenElement || left.abort(), { signal });
  document.addEventListener("keydown", (event) => event.key === "Escape" && left.abort(), { signal });
  page.addEventListener("abort", () => left.abort(), { signal });
  signal.addEventListener("abort", () => {
    stage.remove();
    for (const one of others) one.toggleAttribute("inert", false);
    if (document.fullscreenElement) document.exitFullscreen();
    opener?.focus();
  });
}
