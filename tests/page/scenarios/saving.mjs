// A correction is sent whole once; after that, only what is new of it.
import assert from "node:assert/strict";
import { api, caret, lines, mock, open, scenario, until } from "./browser.mjs";

await scenario(async (browser) => {
  const service = await mock();
  const page = await open(browser, service.address);
  const { jobs } = await api(service.address, "GET", "jobs");
  const { id } = jobs.find((one) => one.state === "done");
  await page.evaluate((job) => {
    globalThis.sent = [];
    const ask = globalThis.fetch;
    globalThis.fetch = (path, more) => {
      if (more?.method !== "GET" && String(path).endsWith(`${job}/transcript`)) globalThis.sent.push([more.method, more.body.length]);
      return ask(path, more);
    };
  }, id);
  await page.evaluate((job) => (location.hash = `#/transcript/${job}`), id);
  await until(page, () => document.querySelectorAll(".segment .text").length > 3);

  const type = async (/** @type {number} */ at, /** @type {string} */ text) => {
    await caret(page, at, 0);
    await page.keyboard.type(text);
    await until(page, () => document.querySelector(".save-state.pending, .save-state.saving"));
    await until(page, () => document.querySelector(".save-state.saved"));
  };
  await type(0, "One ");
  await type(2, "Two ");
  // A new one, and one less.
  await caret(page, 3, 4);
  await page.keyboard.press("Enter");
  await until(page, () => document.querySelector(".save-state.saved"));
  await type(1, "Three ");

  const sent = await page.evaluate(() => globalThis.sent);
  const methods = sent.map(([method]) => method);
  assert.equal(methods[0], "PUT");
  assert.ok(methods.length > 2 && methods.slice(1).every((one) => one === "PATCH"), String(methods));
  assert.ok(sent.slice(1).every(([, length]) => length < sent[0][1] / 2), JSON.stringify(sent));

  // The program has what the page shows.
  const kept = await api(service.address, "GET", `jobs/${id}/transcript`);
  assert.deepEqual(kept.segments.map((one) => one.text.trim()), (await lines(page)).map((one) => one.trim()));

  // Somebody else saves: nothing is overwritten without a question, and then it is sent whole.
  await api(service.address, "PUT", `jobs/${id}/transcript`, { segments: kept.segments, revision: kept.revision });
  await caret(page, 0, 0);
  page.check();
  await page.keyboard.type("Four ");
  await until(page, () => document.querySelector("dialog[open]"));
  await page.click("dialog footer button.danger");
  await until(page, () => document.querySelector(".save-state.saved"));
  assert.equal(await page.evaluate(() => globalThis.sent.at(-1)[0]), "PUT");
  const last = await api(service.address, "GET", `jobs/${id}/transcript`);
  assert.match(last.segments[0].text, /Four/);
  await service.stop();
});
