// A person at the page: a browser window, and what the page did that it must not.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "./site.mjs";

const PROGRAMS = ["/usr/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/chromium-browser"];

async function launch() {
  const executablePath = process.env.CHROMIUM ?? PROGRAMS.find((path) => existsSync(path));
  if (executablePath === undefined) throw new Error("Chromium is missing; install it, or name it in CHROMIUM");
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"] });
}

let browser;
export let site;
before(async () => {
  site = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

/** The window that the tests of a file use one after the other: to open another costs as much as all that a test does. */
let shared;
let visits = 0;

async function window() {
  const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  return page;
}

/** The page, with nothing kept from before; `alone` in a window of its own, beside the one of the test. */
export async function visit({ address = site.address, alone = address !== site.address, width = 1280, height = 860, theme = "light", path = "" } = {}) {
  const page = alone ? await window() : (shared ??= await window());
  // Not of what the page did before.
  page.removeAllListeners();
  if (page.url().startsWith(address)) await page.evaluate(() => [localStorage, sessionStorage].forEach((each) => each.clear()));
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: theme });
  const wrong = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.text().includes("Content Security Policy")) wrong.push(message.text());
  });
  page.on("pageerror", (error) => wrong.push(String(error.stack ?? error)));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !url.startsWith("data:") && !url.startsWith("blob:")) wrong.push(`asked for ${url}`);
  });
  // Another address each time, so that another fragment alone is a visit, too.
  await page.goto(`${address}?visit=${++visits}${path}`);
  await page.locator("record-pane .state .chip.positive", { hasText: /^valid$/ }).waitFor();
  return { page, wrong, close: async () => alone && page.context().close() };
}

/** The record as its tree shows it. */
export const leaf = (page, pane, path) => page.locator(`${pane} [data-path="${path}"]`);
export const row = (page, destination) => page.locator(`mappings-pane tr[data-row="${destination}"]`);

/** A test at a fresh page, which must do nothing that its policy forbids and ask nobody else. */
export function at(name, options, act) {
  test(name, { timeout: 90_000 }, async () => {
    const person = await visit(options);
    try {
      await act(person.page, person);
      assert.deepEqual(person.wrong, []);
    } finally {
      await person.close();
    }
  });
}

/** Writes into the mapping that is edited. */
export async function write(page, text, editor = "source") {
  await page.locator(`mapping-editor code-editor.${editor} .cm-content`).click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(text);
  // What is offered to complete lies over what comes below.
  await page.keyboard.press("Escape");
}

export const result = (page, text) => page.locator("mapping-editor .result", { hasText: text }).waitFor();
export const valid = (page) => page.locator("record-pane .state .chip.positive").waitFor();
export const tab = (page, name) => page.getByRole("tab", { name }).click();

/** Chooses from one of Spectrum's pickers. */
export async function pick(page, picker, value) {
  await page.locator(picker).click();
  await page.locator(`${picker} sp-menu-item[value="${value}"]`).click();
}

/** Chooses what becomes of the changes. */
export async function out(page, name) {
  await page.locator("#out").click();
  await page.getByRole("menuitem", { name }).click();
}

/** What a click saves as a file. */
export async function saved(page, act) {
  const saving = page.waitForEvent("download");
  await act();
  const download = await saving;
  return { name: download.suggestedFilename(), value: JSON.parse(readFileSync(await download.path(), "utf8")) };
}

export const openSet = (page, name, value) =>
  page.locator("#set").setInputFiles({ name, mimeType: "application/json", buffer: Buffer.from(typeof value === "string" ? value : JSON.stringify(value)) });

/** Opens a file of objects, from the disk as a person does. */
export async function openObjects(page, name, text) {
  const place = mkdtempSync(join(tmpdir(), "stripe-xdm-objects-"));
  writeFileSync(join(place, name), text);
  await page.locator("source-pane input[type=file]").setInputFiles(join(place, name));
  return () => rmSync(place, { recursive: true });
}

export const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

/** A file of the project. */
export const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
export const sample = (name) => read(`crates/core/tests/data/samples/${name}.json`);

const PICTURES = fileURLToPath(new URL("../../pkg/preview/docs/", import.meta.url));

/** Takes a picture of the documentation anew, when RECORD=1 asks for it. */
export async function picture(page, name) {
  if (process.env.RECORD === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.mouse.move(2, 2);
  // How busy the machine was that took the picture says nothing.
  const show = (visibility) => page.locator("#latency").evaluateAll((all, to) => all.forEach((each) => (each.style.visibility = to)), visibility);
  await show("hidden");
  await page.screenshot({ path: `${PICTURES}${name}.png`, animations: "disabled" });
  await show("visible");
}

const AXE = readFileSync(fileURLToPath(import.meta.resolve("axe-core")), "utf8");

/** What axe finds in the page or in a part of it. Given as a script of the debugger's, which the page's policy does not concern. */
export async function axe(page, part) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate((part) => {
    const where = part === undefined ? document : { include: [{ fromShadowDom: ["xdm-preview", part] }] };
    return window.axe.run(where, { resultTypes: ["violations"] });
  }, part);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`);
}

export const AMOUNT = "_acme.stripe.charge.amount";
export const DESCRIPTION = "_acme.stripe.charge.description";
