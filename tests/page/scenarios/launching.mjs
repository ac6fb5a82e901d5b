// Starts the browser that PAGE_BROWSER names, chromium or firefox; run by itself, it tells the version.
//
// PAGE_TOOLS names the folder where the set-up put both and what drives them (scripts/browsers.py), and
// PAGE_FIREFOX another Firefox.

import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

export const tools = process.env.PAGE_TOOLS ?? here("../../../.cache/browsers");
export const firefox = process.env.PAGE_BROWSER === "firefox";

const library = (/** @type {string} */ path) => import(pathToFileURL(`${tools}/node_modules/${path}`).href);

/** What both are given: a home that is not the user's, and the fonts of Chromium's package, on each machine the same. */
async function surroundings(/** @type {string} */ libraries) {
  const home = `${tools}/home`;
  const fonts = `${home}/fonts.conf`;
  await mkdir(home, { recursive: true });
  await writeFile(fonts, `<fontconfig><dir>${tools}/chromium/fonts/fonts</dir><cachedir>${home}/fontconfig</cachedir></fontconfig>`);
  return { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home, FONTCONFIG_FILE: fonts, LD_LIBRARY_PATH: libraries };
}

async function chromiumOptions(/** @type {string[]} */ more) {
  const { default: chromium, inflate } = await library("@sparticuz/chromium/build/index.js");
  // It unpacks itself to the folder for temporary files, once.
  const before = process.env.TMPDIR;
  process.env.TMPDIR = `${tools}/chromium`;
  await mkdir(process.env.TMPDIR, { recursive: true });
  const executablePath = await chromium.executablePath();
  // Libraries that a machine without a desktop lacks.
  const libraries = await inflate(`${tools}/node_modules/@sparticuz/chromium/bin/al2023.tar.br`);
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  return {
    executablePath,
    headless: "shell",
    env: await surroundings(`${libraries}/lib`),
    args: ["--no-sandbox", "--no-proxy-server", "--mute-audio", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", ...more],
  };
}

async function firefoxOptions() {
  const root = here("../../../.cache/firefox");
  const own = process.env.PAGE_FIREFOX;
  const libraries = own ? (process.env.LD_LIBRARY_PATH ?? "") : `${root}/usr/lib/x86_64-linux-gnu:${root}/lib/x86_64-linux-gnu`;
  return {
    browser: "firefox",
    executablePath: own ?? `${root}/usr/lib/firefox-esr/firefox-esr`,
    headless: true,
    // Its sandbox would keep it from the fonts.
    env: { ...(await surroundings(libraries)), MOZ_DISABLE_CONTENT_SANDBOX: "1" },
    // Its microphone hears a tone of 1000 Hz.
    extraPrefsFirefox: { "media.autoplay.default": 0, "network.proxy.type": 0, "media.navigator.streams.fake": true, "media.navigator.permission.disabled": true },
  };
}

/** Start it, Chromium with more words. */
export async function launch(/** @type {string[]} */ ...more) {
  const { default: puppeteer } = await library("puppeteer-core/lib/puppeteer/puppeteer-core.js");
  return puppeteer.launch(await (firefox ? firefoxOptions() : chromiumOptions(more)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const browser = await launch();
  console.log(await browser.version());
  await browser.close();
}
