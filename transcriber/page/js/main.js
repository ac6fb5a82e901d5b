// Starts the page.

import { connect } from "./connection.js";
import { filesPage } from "./files-page.js";
import { loadTexts } from "./i18n.js";
import { followJobs } from "./jobs.js";
import { modelsPage } from "./models-page.js";
import { showTheme } from "./preferences.js";
import { startRouter } from "./router.js";
import { settingsPage } from "./settings-page.js";
import { startShell } from "./shell.js";
import { showShortcuts, useShortcuts } from "./shortcuts.js";
import { transcriptPage } from "./transcript-page.js";

showTheme();
followJobs();
connect();
await loadTexts();
useShortcuts([{ keys: "?", name: "shortcut.help", run: showShortcuts }]);
startShell();

/** Its modules are fetched when it is first shown: most visits need none of them. */
async function livePage(/** @type {HTMLElement} */ root, /** @type {string} */ parameter, /** @type {AbortSignal} */ signal) {
  const live = await import("./live-page.js");
  if (!signal.aborted) live.livePage(root, parameter, signal);
}

startRouter({ files: filesPage, live: livePage, transcript: transcriptPage, models: modelsPage, settings: settingsPage });
