// What can be done with the segment that has the caret: buttons at its edge.

import { dialog } from "./dialogs.js";
import { doubtful } from "./doubts.js";
import { field, h, iconButton } from "./dom.js";
import { confirmSegment, insertAfter, removeSegments, setTimes } from "./edits.js";
import { clock, parseClock } from "./format.js";
import { t } from "./i18n.js";

/**
 * @param {import("./document.js").TranscriptDocument} text
 * @param {import("./segment-list.js").SegmentList} list
 * @param {{hear: (start: number, end: number) => void, redo: () => void, length: () => number}} hooks
 */
export function segmentTools(text, list, hooks) {
  const current = () => text.get(list.current);
  const tools = {
    /** Hear the segment, and no more. */
    hear: () => current() && hooks.hear(current().start, current().end),
    /** Type other times. */
    async times() {
      const segment = current();
      if (!segment) return;
      const time = (/** @type {number} */ value) => h("input", { type: "text", inputmode: "decimal", value: clock(value, 2) });
      const [start, end] = [time(segment.start), time(segment.end)];
      const read = () => [parseClock(start.value), parseClock(end.value)];
      const check = () => {
        const [from, to] = read();
        return from !== null && to !== null && from < to ? null : t("times.wrong");
      };
      const answer = await dialog(t("times.title"), [h("div", { class: "fields two" }, field(t("times.start"), start), field(t("times.end"), end)), h("p", { class: "muted" }, t("times.help"))], { accept: t("times.set"), check });
      const [from, to] = /** @type {number[]} */ (read());
      if (answer === "ok" && text.get(segment.key)) setTimes(text, segment.key, from, to);
    },
    insert() {
      const at = text.indexOf(list.current);
      list.focus(insertAfter(text, at, hooks.length()));
    },
    remove() {
      const at = text.indexOf(list.current);
      if (at < 0) return;
      removeSegments(text, [list.current]);
      const next = text.segments[Math.min(at, text.segments.length - 1)];
      if (next) list.focus(next.key);
    },
    confirm: () => current() && confirmSegment(text, list.current),
  };
  const confirm = iconButton("check", t("segment.confirm"), tools.confirm);
  const element = h("div", { class: "tools", role: "toolbar", "aria-label": t("segment.tools") },
    iconButton("play", t("segment.hear"), tools.hear),
    iconButton("clock", t("segment.times"), tools.times),
    iconButton("split", t("segment.split"), () => list.split()),
    iconButton("merge", t("segment.merge"), () => list.merge()),
    iconButton("plus", t("segment.insert"), tools.insert),
    iconButton("redo", t("segment.redo"), hooks.redo),
    confirm,
    iconButton("trash", t("segment.remove"), tools.remove));
  // A press must not take the caret out of the text: it says where to split.
  element.addEventListener("mousedown", (/** @type {Event} */ event) => event.preventDefault());
  return {
    ...tools,
    element,
    /** Go to the row of the current segment. */
    place() {
      const row = list.rows.get(list.current);
      if (row && element.parentElement !== row.element) row.element.append(element);
      confirm.hidden = !current() || !doubtful(current()).length;
    },
  };
}
