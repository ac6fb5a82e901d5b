// axe-core finds nothing on any page, light and dark, wide and narrow, with dialogs and menus open.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { axePath, mock, open, press, scenario, sleep, until } from "./browser.mjs";

const axe = await readFile(axePath, "utf-8");

const wait = (selector) => (page) => until(page, (what) => document.querySelector(what)?.checkVisibility(), selector);
const VIEWS = {
  files: ["#/files", wait(".job")],
  options: ["#/files", async (page) => {
    await wait(".own > summary")(page);
    await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
    await page.click(".job .pick input");
  }],
  transcript: ["#/transcript/j1", async (page) => {
    await wait(".segment")(page);
    await page.focus(".segment.current .text");
    await press(page, "Subtitles", ".tool-bar");
    await press(page, "Search");
    await page.type(".search-bar input", "man");
    await wait(".cue")(page);
  }],
  menu: ["#/transcript/j1", async (page) => {
    await wait(".segment")(page);
    await press(page, "Export");
    await wait(".menu")(page);
  }],
  passage: ["#/transcript/j1", async (page) => {
    await wait(".segment")(page);
    await page.keyboard.press("F9");
    await wait("dialog[open]")(page);
  }],
  models: ["#/models", wait(".models tbody tr")],
  settings: ["#/settings", wait(".findings li")],
  keys: ["#/transcript/j1", async (page) => {
    await wait(".segment")(page);
    await page.keyboard.type("?");
    await wait("dialog[open]")(page);
  }],
};

await scenario(async (browser) => {
  const service = await mock();
  const found = [];
  for (const [name, [hash, prepare]] of Object.entries(VIEWS)) {
    for (const [scheme, width] of [["light", 1280], ["dark", 1280], ["light", 360]]) {
      const page = await open(browser, service.address, "", { width });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }, { name: "prefers-reduced-motion", value: "reduce" }]);
      await page.goto(service.address + hash);
      await prepare(page);
      await sleep(250);
      // Not through the page: its policy forbids foreign scripts.
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
      for (const one of violations) found.push(`${name} ${scheme} ${width}: ${one.impact} ${one.id}: ${one.nodes.slice(0, 2).map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`).join(" | ")}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) found.push(`${name} ${width}: scrolls sideways by ${wide}`);
      page.check();
      await page.close();
    }
  }
  await service.stop();
  assert.deepEqual(found, []);
});
