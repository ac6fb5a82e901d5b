// Nothing is lost: another window saves, the program dies and returns, the page is reloaded in the middle.
import assert from "node:assert/strict";
import { api, caret, lines, mock, open, press, scenario, until } from "./browser.mjs";

const saved = (page) => until(page, () => document.querySelector(".save-state").textContent === "Saved");
const ready = (page) => until(page, () => document.querySelectorAll(".segment").length > 5);
const undo = async (page) => {
  await page.keyboard.down("Control");
  await page.keyboard.press("z");
  await page.keyboard.up("Control");
};
const network = [/Failed to load resource/, /ERR_/];

await scenario(async (browser) => {
  let service = await mock("--pace", "10");
  const { address, port } = service;
  const page = await open(browser, address, "#/transcript/j1", { allow: network });
  await ready(page);
  const other = async (text) => {
    const found = await api(address, "GET", "jobs/j1/transcript");
    found.segments[0].text = ` ${text}`;
    await api(address, "PUT", "jobs/j1/transcript", found);
  };

  // Another window was first: load its version, or keep mine.
  await other("Theirs");
  await caret(page, 1, 0);
  await page.keyboard.type("Mine ");
  await until(page, () => document.querySelector("dialog[open]"));
  await press(page, "Load the other", "dialog");
  await until(page, () => document.querySelector(".segment .text").textContent === "Theirs");
  assert.ok(!(await lines(page))[1].startsWith("Mine"));
  await other("Theirs again");
  await caret(page, 1, 0);
  await page.keyboard.type("Mine ");
  await until(page, () => document.querySelector("dialog[open]"));
  await press(page, "Keep mine", "dialog");
  await saved(page);
  const kept = await api(address, "GET", "jobs/j1/transcript");
  assert.ok(kept.segments[1].text.startsWith(" Mine"));
  assert.equal(kept.segments[0].text, " Theirs");

  // The program dies: the page says so, keeps what is typed, and saves it when the program is back.
  await service.stop();
  await until(page, () => document.querySelector(".banner").checkVisibility());
  await caret(page, 2, 0);
  await page.keyboard.type("Offline ");
  await until(page, () => document.querySelector(".save-state").textContent.startsWith("Not saved"));
  service = await mock("--port", port, "--pace", "10");
  await until(page, () => !document.querySelector(".banner").checkVisibility());
  // The stand-in forgot all when it died, so its revision is another one.
  await until(page, () => document.querySelector("dialog[open]") || document.querySelector(".save-state").textContent === "Saved");
  if (await page.$("dialog[open]")) await press(page, "Keep mine", "dialog");
  await saved(page);
  assert.ok((await api(address, "GET", "jobs/j1/transcript")).segments[2].text.startsWith(" Offline"));

  // A reload in the middle, before anything was saved.
  await page.setRequestInterception(true);
  page.on("request", (request) => (request.method() === "PUT" && page.blocked ? request.abort() : request.continue()));
  page.blocked = true;
  const whole = await lines(page);
  await caret(page, 3, 0);
  await page.keyboard.type("Unsaved ");
  await page.reload();
  await ready(page);
  const restored = whole.with(3, `Unsaved ${whole[3]}`);
  assert.deepEqual(await lines(page), restored);
  // It can be undone, and done again, as any edit.
  await caret(page, 0, 0);
  await undo(page);
  assert.deepEqual(await lines(page), whole);
  await press(page, "Redo", ".controls");
  assert.deepEqual(await lines(page), restored);
  page.blocked = false;
  await saved(page);
  assert.ok((await api(address, "GET", "jobs/j1/transcript")).segments[3].text.startsWith(" Unsaved"));

  // The same, but another window saved meanwhile: it is asked.
  page.blocked = true;
  await caret(page, 4, 0);
  await page.keyboard.type("Late ");
  await page.reload();
  await ready(page);
  page.blocked = true;
  await other("First");
  await page.reload();
  await until(page, () => document.querySelector("dialog[open]"));
  page.blocked = false;
  await press(page, "Put in", "dialog");
  await saved(page);
  const last = await api(address, "GET", "jobs/j1/transcript");
  assert.equal(last.segments[0].text, " First");
  assert.ok(last.segments[4].text.startsWith(" Late"), last.segments[4].text);

  // A passage is redone in place, and undone.
  const before = await lines(page);
  await caret(page, 2, 0);
  await page.keyboard.press("F9");
  await until(page, () => document.querySelector("dialog[open]"));
  await press(page, "Redo", "dialog footer");
  await until(page, () => document.querySelector(".passage"));
  await until(page, () => document.querySelector(".notice")?.textContent.includes("new text"));
  assert.ok(!(await lines(page))[2].startsWith("Offline"), (await lines(page))[2]);
  assert.equal((await api(address, "GET", "jobs")).jobs.filter((one) => one.passage_of).length, 0);
  await press(page, "Undo", ".notice");
  assert.deepEqual(await lines(page), before);

  // What a notice offers to undo is no longer offered when something else was done.
  const redo = async () => {
    await caret(page, 2, 0);
    await page.keyboard.press("F9");
    await press(page, "Redo", "dialog footer");
  };
  const replaced = () => until(page, () => document.querySelector(".notice")?.textContent.includes("new text"));
  await redo();
  await replaced();
  await caret(page, 0, 0);
  await page.keyboard.type("Then ");
  assert.equal(await page.$(".notice"), null);
  await undo(page);
  await undo(page);
  assert.deepEqual(await lines(page), before);
  await saved(page);

  // It goes on while another page is shown, and over a reload; what a script has redone is not taken.
  const passagesLeft = async () => (await api(address, "GET", "jobs")).jobs.filter((one) => one.passage_of);
  const ofScript = await api(address, "POST", "jobs/j1/passage", { start: 0, end: 1, options: {} });
  for (const leave of [
    async () => {
      await page.evaluate(() => (location.hash = "#/files"));
      await until(page, () => document.querySelector(".drop"));
      await page.evaluate(() => (location.hash = "#/transcript/j1"));
    },
    () => page.reload(),
  ]) {
    await redo();
    await until(page, () => document.querySelector(".passage"));
    await leave();
    await ready(page);
    await replaced();
    assert.equal(await page.$(".passage"), null);
    assert.ok(!(await lines(page))[2].startsWith("Offline"), (await lines(page))[2]);
    assert.deepEqual((await passagesLeft()).map((one) => one.id), [ofScript.id]);
    await press(page, "Undo", ".notice");
    assert.deepEqual(await lines(page), before);
    await saved(page);
  }

  // What is gone says so, with a way on.
  await page.goto(`${address}#/transcript/gone`);
  await until(page, () => document.body.innerText.includes("no longer in the list"));
  await page.click("main a[href='#/files']");
  await until(page, () => document.querySelector(".drop"));
  page.check();
  await service.stop();
});
