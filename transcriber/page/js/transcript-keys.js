// The keys of the transcript.

import { SKIP } from "./player.js";

/**
 * @param {{player: import("./player.js").Player, list: import("./segment-list.js").SegmentList, tools: any, bar: any,
 *   search: any, redo: () => void, saving: {flush: () => Promise<void>}, undo: (which: "undo" | "redo") => void, clear: () => void}} parts
 * @returns {import("./shortcuts.js").Shortcut[]}
 */
export function transcriptKeys({ player, list, tools, bar, search, redo, saving, undo, clear }) {
  return [
    { keys: "Space Ctrl+Space", name: "shortcut.play", run: () => player.toggle() },
    { keys: "Alt+ArrowLeft", name: "shortcut.back", run: () => player.skip(-SKIP) },
    { keys: "Alt+ArrowRight", name: "shortcut.forward", run: () => player.skip(SKIP) },
    { keys: "Ctrl+Enter", name: "segment.hear", run: tools.hear },
    { keys: "[", name: "shortcut.slower", run: () => player.changeRate(-1) },
    { keys: "]", name: "shortcut.faster", run: () => player.changeRate(1) },
    { keys: "Alt+ArrowUp", name: "shortcut.previous", run: () => list.go(-1) },
    { keys: "Alt+ArrowDown", name: "shortcut.next", run: () => list.go(1) },
    { keys: "Alt+Shift+ArrowUp Alt+Shift+ArrowDown", name: "shortcut.extend", run: (event) => extend(list, event.key === "ArrowUp" ? -1 : 1) },
    { keys: "Escape", name: "shortcut.clear", shown: false, run: clear },
    { keys: "Enter", name: "segment.split", run: () => list.split() },
    { keys: "Backspace", name: "shortcut.merge", run: () => {} },
    { keys: "Alt+Enter", name: "segment.insert", run: tools.insert },
    { keys: "Alt+Delete", name: "segment.remove", run: tools.remove },
    { keys: "F2", name: "segment.times", run: tools.times },
    { keys: "F8", name: "doubts.next", run: () => bar.doubt(1) },
    { keys: "Shift+F8", name: "doubts.previous", run: () => bar.doubt(-1) },
    { keys: "F9", name: "shortcut.redo", run: redo },
    { keys: "Ctrl+F Ctrl+H", name: "shortcut.search", run: search.open },
    { keys: "Ctrl+Z", name: "undo", run: () => undo("undo") },
    { keys: "Ctrl+Shift+Z Ctrl+Y", name: "redo", run: () => undo("redo") },
    { keys: "Ctrl+S", name: "shortcut.save", run: () => saving.flush() },
  ];
}

/** @param {import("./segment-list.js").SegmentList} list @param {number} step */
function extend(list, step) {
  const next = list.document.segments[list.document.indexOf(list.current) + step];
  if (!next) return;
  list.hooks.extend(next.key);
  list.go(step);
}
