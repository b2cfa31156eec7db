// A person at the page: a browser window, and what the page did that it must not.

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const PROGRAMS = ["/usr/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/chromium-browser"];

export async function browser() {
  const executablePath = process.env.CHROMIUM ?? PROGRAMS.find((path) => existsSync(path));
  if (executablePath === undefined) throw new Error("Chromium is missing; install it, or name it in CHROMIUM");
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"] });
}

/** A fresh window at the page, with nothing kept from before. */
export async function visit(chromium, address, { width = 1280, height = 860, theme = "light", path = "" } = {}) {
  const context = await chromium.newContext({ viewport: { width, height }, colorScheme: theme, permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const wrong = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.text().includes("Content Security Policy")) wrong.push(message.text());
  });
  page.on("pageerror", (error) => wrong.push(String(error.stack ?? error)));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !url.startsWith("data:") && !url.startsWith("blob:")) wrong.push(`asked for ${url}`);
  });
  await page.goto(address + path);
  await page.locator("record-pane .state .chip.positive", { hasText: /^valid$/ }).waitFor();
  return { page, wrong, close: () => context.close() };
}

/** The record as its tree shows it. */
export const leaf = (page, pane, path) => page.locator(`${pane} [data-path="${path}"]`);
export const row = (page, destination) => page.locator(`mappings-pane tr[data-row="${destination}"]`);
