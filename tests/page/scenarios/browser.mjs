// What the scenarios share: a browser, the stand-in for the service, and looking until something is so.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { launch, tools } from "./launching.mjs";

export { firefox } from "./launching.mjs";

export const axePath = `${tools}/node_modules/axe-core/axe.min.js`;
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Start the stand-in; `stop` ends it as a crash would. */
export async function mock(...words) {
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const child = spawn(process.env.PYTHON ?? "python3", ["-m", "page.mock_service", ...words], { cwd, stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => child.kill("SIGKILL"));
  const [line] = await once(child.stdout, "data");
  const address = `http://127.0.0.1:${String(line).trim()}/`;
  const stop = async () => {
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  return { address, port: String(line).trim(), stop };
}

/** Ask the stand-in directly, as another window would. */
export async function api(address, method, path, body) {
  const answer = await fetch(`${address}api/${path}`, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
  return answer.status === 204 ? null : answer.json();
}

/** Open a page; whatever it complains about ends the scenario. */
export async function open(browser, address, hash = "", { width = 1280, height = 860, language = "en", allow = [] } = {}) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.stack ?? error.message));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.check = () => assert.deepEqual(complaints.filter((one) => !allow.some((fits) => fits.test(one))), []);
  page.setDefaultTimeout(8000);
  await page.setViewport({ width, height });
  await page.evaluateOnNewDocument((tag) => Object.defineProperty(navigator, "languages", { get: () => [tag] }), language);
  await page.goto(address + hash);
  return page;
}

/** Wait until an expression is true in the page. */
export async function until(page, what, ...values) {
  try {
    await page.waitForFunction(what, { timeout: 8000, polling: 50 }, ...values);
  } catch {
    const seen = await page.evaluate(() => document.body.innerText.slice(0, 1500));
    throw new Error(`not so within 8 s: ${what}\n${seen}`);
  }
}

/** The shown texts of the segments. */
export const lines = (page) => page.$$eval(".segment .text", (all) => all.map((one) => one.textContent));

/** Put the caret into a segment. */
export async function caret(page, at, offset) {
  await page.evaluate((number, place) => {
    const text = document.querySelectorAll(".segment .text")[number];
    text.focus();
    getSelection().collapse(text.firstChild ?? text, place);
  }, at, offset);
}

/** Paste a text, or a file with this name, where the focus is. */
export async function paste(page, what) {
  await page.evaluate(({ text, file }) => {
    const data = new DataTransfer();
    if (text) data.setData("text/plain", text);
    if (file) data.items.add(new File(["x"], file, { type: "audio/ogg" }));
    const event = new ClipboardEvent("paste", { bubbles: true, cancelable: true });
    // Firefox takes none from whoever makes the event.
    Object.defineProperty(event, "clipboardData", { value: data });
    document.activeElement.dispatchEvent(event);
  }, what);
}

/** Click the button with this text or label. */
export async function press(page, name, within = "body") {
  await until(page, (label, place) => [...document.querySelectorAll(`${place} button, ${place} [role=menuitem]`)]
    .some((one) => one.checkVisibility() && (one.getAttribute("aria-label") ?? one.innerText).trim().startsWith(label)), name, within);
  await page.evaluate((label, place) => {
    const all = [...document.querySelectorAll(`${place} button, ${place} [role=menuitem]`)].filter((one) => one.checkVisibility());
    const exact = all.find((one) => (one.getAttribute("aria-label") ?? one.innerText).trim() === label);
    (exact ?? all.find((one) => (one.getAttribute("aria-label") ?? one.innerText).trim().startsWith(label))).click();
  }, name, within);
}

/** Run a scenario with a browser of its own, Chromium with more words. */
export async function scenario(work, ...more) {
  const browser = await launch(...more);
  try {
    await work(browser);
  } finally {
    await browser.close();
  }
}
