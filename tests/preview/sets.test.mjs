// Sets on their way in and out: saved, opened, shared, kept as versions, to Adobe and from there, as command and code.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { AMOUNT, DESCRIPTION, at, clipboard, leaf, openSet, out, pick, picture, read, result, row, sample, saved, tab, visit, write } from "./person.mjs";
import { built } from "./program.mjs";

const set = () => read("crates/core/tests/data/adobe-tutorial-charges.mapping-set.json");
const changed = async (page) => {
  await row(page, DESCRIPTION).click();
  await write(page, "upper(status)");
  await result(page, '"SUCCEEDED"');
};
const shows = (page, text) => leaf(page, "record-pane", DESCRIPTION).locator(".string", { hasText: text }).waitFor();

at("changes are saved, opened and shared; objects do not travel", {}, async (page) => {
  await changed(page);
  const file = await saved(page, () => out(page, "Save changes as a file"));
  assert.equal(file.name, "charge.event.json");
  assert.deepEqual(file.value.mappingSet.mappings, [{ sourceType: "EXPRESSION", source: "upper(status)", destination: DESCRIPTION, type: "string" }]);

  await out(page, "Share by address…");
  await page.locator("dialog", { hasText: "readable for whoever gets it" }).waitFor();
  await page.getByRole("button", { name: "Copy the address" }).click();
  await page.locator(".toast", { hasText: "in the clipboard" }).waitFor();
  const address = await clipboard(page);
  assert.match(address, /#draft=/);

  const other = await visit({ path: new URL(address).hash, alone: true });
  await shows(other.page, "SUCCEEDED");
  // The address is the sender's; what is edited from here on is not in it.
  assert.equal(new URL(other.page.url()).hash, "");
  assert.deepEqual(other.wrong, []);
  await other.close();

  await page.getByRole("button", { name: "Undo" }).click();
  await leaf(page, "record-pane", DESCRIPTION).waitFor({ state: "detached" });
  await openSet(page, "mine.json", file.value);
  await page.locator(".toast", { hasText: "1 mapping differs" }).waitFor();
  await shows(page, "SUCCEEDED");
});

at("drafts stay in this browser from one visit to the next", {}, async (page) => {
  await changed(page);
  await page.reload();
  await shows(page, "SUCCEEDED");
});

at("an address that was cut is refused, with what to do", { path: "#draft=AAAA" }, async (page) => {
  await page.locator(".toast .negative", { hasText: "Ask for the address or the file again" }).waitFor();
});

at("a set of Adobe's lies over the default or stands in its place, and goes back with a report", {}, async (page) => {
  await openSet(page, "tutorial.json", set());
  await page.getByRole("button", { name: "Lay over it" }).click();
  await page.locator(".toast", { hasText: "from the default" }).waitFor();

  await openSet(page, "tutorial.json", set());
  await picture(page, "open-set");
  await page.getByRole("button", { name: "Use instead" }).click();
  await page.locator(".toast", { hasText: "in the place of the default model" }).waitFor();
  await leaf(page, "record-pane", AMOUNT).waitFor({ state: "detached" });
  const count = JSON.parse(set()).mappings?.length ?? Number.NaN;
  const lines = await page.locator("mappings-pane tbody tr").count();
  if (!Number.isNaN(count)) assert.equal(lines, count);
  const file = await saved(page, () => out(page, "Save changes as a file"));
  assert.equal(file.value.replace, true);
  assert.equal(file.value.mappingSet.mappings.length, lines);

  await tab(page, "Changes (own set)");
  await page.getByRole("button", { name: "Back to the default" }).click();
  await leaf(page, "record-pane", AMOUNT).waitFor();

  await out(page, "Export for Adobe…");
  const dialog = page.locator("dialog");
  await dialog.getByText("rewritten in Adobe's functions").first().waitFor();
  await picture(page, "export");
  const exported = await saved(page, () => dialog.getByRole("button", { name: "Save the mapping set" }).click());
  assert.ok(exported.value.mappings.length > 200);
});

at("versions are kept, compared with each other and taken again", {}, async (page) => {
  await changed(page);
  await tab(page, "Changes (1)");
  await page.locator("changes-panel #name").click();
  await page.keyboard.type("loud");
  await page.keyboard.press("Enter");
  await page.locator("changes-panel li", { hasText: "loud" }).waitFor();
  await row(page, DESCRIPTION).click();
  await tab(page, "Mapping");
  await write(page, "lower(id)");
  await result(page, '"ch_3mml');
  await tab(page, "Changes (1)");
  const name = await page.locator("changes-panel sp-menu-item", { hasText: "loud" }).first().getAttribute("value");
  await pick(page, 'changes-panel sp-picker[label="Compare from"]', name);
  const line = page.locator("changes-panel tbody tr");
  await line.filter({ hasText: "upper(status)" }).filter({ hasText: "lower(id)" }).waitFor();
  await picture(page, "versions");
  await page.getByRole("button", { name: "Take loud" }).click();
  await shows(page, "SUCCEEDED");
  await page.locator("changes-panel [role=status]", { hasText: "no difference" }).waitFor();
  await page.getByRole("button", { name: "Forget loud" }).click();
  await page.locator("changes-panel li").waitFor({ state: "detached" });
});

at("the copied code runs, and gives what the page shows", {}, async (page) => {
  await changed(page);
  await out(page, "Copy as code for a worker");
  await page.locator(".toast", { hasText: "The code is in the clipboard" }).waitFor();
  const place = mkdtempSync(join(tmpdir(), "stripe-xdm-code-"));
  try {
    writeFileSync(join(place, "worker.mjs"), await clipboard(page));
    const worker = await inPackage(place);
    const answer = await worker.fetch(new Request("http://worker/", { method: "POST", body: sample("charge") }));
    const [outcome] = await answer.json();
    assert.equal(outcome.records[0].record._acme.stripe.charge.description, "SUCCEEDED");
  } finally {
    rmSync(place, { recursive: true });
  }
});

at("the copied command line runs, and gives what the page shows", {}, async (page) => {
  await changed(page);
  await out(page, "Copy as command line");
  await page.locator(".toast", { hasText: "command line is in the clipboard" }).waitFor();
  const line = await clipboard(page);
  assert.equal(line, "stripe-xdm transform --tenant acme --account acct_1MM2TkLkdIwHu7ix --mapping charge.event.json --records-only object.json");
  const file = await saved(page, () => out(page, "Save changes as a file"));
  const place = mkdtempSync(join(tmpdir(), "stripe-xdm-line-"));
  try {
    writeFileSync(join(place, "object.json"), sample("charge"));
    writeFileSync(join(place, file.name), JSON.stringify(file.value));
    const text = execFileSync(built("stripe-xdm"), line.split(" ").slice(1), { cwd: place, encoding: "utf8" });
    assert.equal(JSON.parse(text.trim().split("\n")[0])._acme.stripe.charge.description, "SUCCEEDED");
  } finally {
    rmSync(place, { recursive: true });
  }
});

/** The worker in a directory in which the package is installed. */
async function inPackage(place) {
  mkdirSync(join(place, "node_modules"));
  symlinkSync(fileURLToPath(new URL("../../pkg", import.meta.url)), join(place, "node_modules/stripe-xdm"), "dir");
  const { default: worker } = await import(pathToFileURL(join(place, "worker.mjs")).href);
  return worker;
}
