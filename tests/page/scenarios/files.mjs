// Recordings are dropped, pasted, watched, paused, selected, exported and removed.
import assert from "node:assert/strict";
import { api, firefox, mock, open, paste, press, scenario, sleep, until } from "./browser.mjs";

const drop = (page, names) => page.evaluate((all) => {
  const data = new DataTransfer();
  for (const [name, size] of all) data.items.add(new File([new Uint8Array(size)], name, { type: "audio/wav" }));
  document.body.dispatchEvent(new DragEvent("dragover", { dataTransfer: data, bubbles: true, cancelable: true }));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}, names);
const names = (page) => page.$$eval(".jobs .job-name", (all) => all.map((one) => one.textContent));
const state = (page, name, wanted) => until(page, (job, text) => [...document.querySelectorAll(".job")]
  .some((row) => row.innerText.includes(job) && row.querySelector(".badge").textContent.includes(text)), name, wanted);

/** The names of what is downloaded from now on. */
async function downloads(browser, page) {
  const names = [];
  if (firefox) {
    // Nothing tells of a download there, but that the page asks for one.
    await page.evaluate(() => {
      globalThis.asked = [];
      HTMLAnchorElement.prototype.click = function click() {
        globalThis.asked.push(this.download);
      };
    });
    return () => page.evaluate(() => globalThis.asked);
  }
  const session = await browser.target().createCDPSession();
  session.on("Browser.downloadWillBegin", (event) => names.push(event.suggestedFilename));
  await session.send("Browser.setDownloadBehavior", { behavior: "deny", eventsEnabled: true, browserContextId: page.browserContext().id });
  return async () => names;
}

await scenario(async (browser) => {
  const service = await mock("--empty", "--pace", "40");
  const page = await open(browser, service.address);
  await until(page, () => document.querySelector(".list .empty")?.checkVisibility());
  assert.match(await page.$eval(".list .empty", (one) => one.textContent), /Drop some above/);

  // A preset, and what is dropped runs with it.
  await until(page, () => document.querySelector(".preset input[value=subtitles]"));
  await page.click(".preset input[value=subtitles]");
  await drop(page, [["one.wav", 200_000], ["two.wav", 100]]);
  await until(page, () => !document.querySelector(".veil")?.checkVisibility());
  await state(page, "one.wav", "Transcribing");
  await until(page, () => document.querySelector(".job-line")?.textContent.length > 10);
  await state(page, "one.wav", "Done");
  await state(page, "two.wav", "Done");
  assert.equal((await api(service.address, "GET", "jobs")).jobs[0].options.word_timestamps, true);

  // What the program refuses says why, and can be tried again or dismissed.
  await drop(page, [["broken.wav", 10]]);
  await until(page, () => document.querySelector(".job .wrong")?.textContent.includes("no sound that can be read"));
  await press(page, "Try again: broken.wav");
  await until(page, () => document.querySelector(".job .wrong")?.checkVisibility());
  await press(page, "Do not send broken.wav");
  await until(page, () => !document.body.innerText.includes("broken.wav"));

  // Pasted files are taken, too; nothing begins while all is paused.
  await api(service.address, "POST", "queue/pause");
  await until(page, () => document.querySelector(".list-head .primary")?.innerText === "Continue all");
  await page.evaluate(() => document.activeElement.blur());
  await paste(page, { file: "pasted.ogg" });
  await state(page, "pasted.ogg", "Number 1");
  await drop(page, [["last.wav", 10]]);
  await state(page, "last.wav", "Number 2");
  await press(page, "More for last.wav");
  await press(page, "Move up in the queue", ".menu");
  await state(page, "last.wav", "Number 1");
  await press(page, "Pause pasted.ogg");
  await state(page, "pasted.ogg", "Paused");
  await press(page, "Continue all");
  await state(page, "last.wav", "Done");
  await press(page, "Continue pasted.ogg");
  await state(page, "pasted.ogg", "Done");

  // Search, select with Shift, export, remove: with what is redone of it.
  const all = async () => (await api(service.address, "GET", "jobs")).jobs;
  const redone = (await all()).find((one) => one.name.endsWith(".wav"));
  const passage = await api(service.address, "POST", `jobs/${redone.id}/passage`, { start: 0, end: 1, options: {} });
  await page.type(".list-head input[type=search]", "wav");
  await until(page, () => document.querySelectorAll(".jobs:not([hidden]) .job").length === 3);
  const boxes = await page.$$(".job .pick input");
  await boxes[0].click();
  await page.keyboard.down("Shift");
  await boxes[2].click();
  await page.keyboard.up("Shift");
  await until(page, () => document.querySelector(".selection").innerText.includes("3 selected"));
  const saved = await downloads(browser, page);
  await press(page, "Export", ".selection");
  await press(page, "SRT", ".menu");
  for (let i = 0; !(await saved()).length && i < 80; i += 1) await sleep(50);
  assert.deepEqual(await saved(), ["transcripts.zip"]);
  await press(page, "Remove", ".selection");
  await press(page, "Remove", "dialog footer");
  await until(page, () => document.querySelectorAll(".job").length === 0);
  for (let i = 0; (await all()).some((one) => one.id === passage.id) && i < 80; i += 1) await sleep(50);
  assert.ok(!(await all()).some((one) => one.id === passage.id || one.id === redone.id));
  await page.evaluate(() => {
    const search = document.querySelector(".list-head input[type=search]");
    search.value = "";
    search.dispatchEvent(new Event("input"));
  });
  await until(page, () => document.querySelectorAll(".job").length === 1);
  assert.deepEqual(await names(page), ["pasted.ogg"]);

  page.check = page.check.bind(page);
  await page.close();
  await service.stop();
});
