// Words that were corrected here, offered for the next run.

import { button, checkbox, h } from "./dom.js";
import { t } from "./i18n.js";
import { notice } from "./notices.js";
import { collectedWords, forgetWords, keepWords, newWords } from "./vocabulary.js";

/**
 * The panel; it shows itself with the first word.
 * @param {() => void} changed whether it is shown
 * @param {() => void} again decodes the recording anew
 */
export function wordsPanel(changed, again) {
  /** @type {Map<string, boolean>} the words, and whether they are wanted */
  const words = new Map();
  const list = h("div", { class: "words" });
  const forget = button(t("vocabulary.forget"), () => {
    forgetWords();
    notice(t("vocabulary.forgotten"));
    draw();
  }, { class: "quiet" });
  const chosen = () => [...words].filter(([, wanted]) => wanted).map(([word]) => word);
  const keep = () => {
    keepWords(chosen());
    notice(t("vocabulary.kept", { n: collectedWords().length }));
    draw();
  };
  const element = h("section", { class: "card side", "aria-label": t("vocabulary.title"), hidden: true },
    h("header", {}, h("h2", {}, t("vocabulary.title"))), h("p", { class: "muted" }, t("vocabulary.text")), list,
    h("div", { class: "row" }, button(t("vocabulary.keep"), keep, { class: "primary" }), button(t("vocabulary.again"), () => {
      keepWords(chosen());
      again();
    }), forget));

  function draw() {
    element.hidden = !words.size;
    changed();
    forget.hidden = !collectedWords().length;
    list.replaceChildren(...[...words].map(([word, wanted]) => checkbox(word, wanted, (checked) => words.set(word, checked))));
  }

  return {
    element,
    /** A segment was left. @param {string} before @param {string} after */
    learn(before, after) {
      for (const word of newWords(before, after)) if (!words.has(word)) words.set(word, /^\p{Lu}/u.test(word));
      draw();
    },
  };
}
