// The preview as a person uses it, in Chromium, from the built files and under their strict policy.
// RECORD=1 takes the pictures of the documentation anew.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { browser, leaf, row, visit } from "./person.mjs";
import { serve } from "./site.mjs";

const AMOUNT = "_acme.stripe.charge.amount";
const DESCRIPTION = "_acme.stripe.charge.description";
const PICTURES = fileURLToPath(new URL("../../pkg/preview/docs/", import.meta.url));
const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const AXE = readFileSync(fileURLToPath(import.meta.resolve("axe-core")), "utf8");

let chromium;
let site;
before(async () => {
  site = await serve();
  chromium = await browser();
});
after(async () => {
  await chromium?.close();
  await site?.stop();
});

/** A test at a fresh page, which must do nothing that its policy forbids and ask nobody else. */
function at(name, options, act) {
  test(name, { timeout: 90_000 }, async () => {
    const person = await visit(chromium, site.address, options);
    try {
      await act(person.page, person);
      assert.deepEqual(person.wrong, []);
    } finally {
      await person.close();
    }
  });
}

async function write(page, text, editor = "source") {
  await page.locator(`mapping-editor code-editor.${editor} .cm-content`).click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(text);
}

async function picture(page, name) {
  if (process.env.RECORD === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.mouse.move(2, 2);
  await page.screenshot({ path: `${PICTURES}${name}.png` });
}

/** What axe finds. Given as a script of the debugger's, which the page's policy does not concern. */
async function axe(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`);
}

const valid = (page) => page.locator("record-pane .state .chip.positive").waitFor();

at("an object, its mappings and its record follow each other", {}, async (page) => {
  assert.equal(await leaf(page, "record-pane", "commerce.order.priceTotal").locator(".number").innerText(), "10.99");
  await leaf(page, "source-pane", "amount").click();
  await page.locator(`mappings-pane tr.related[data-row="${AMOUNT}"]`).waitFor();
  await page.locator(`record-pane li.related[data-path="commerce.order.priceTotal"]`).waitFor();
  await picture(page, "object");

  await leaf(page, "record-pane", "_acme.stripe.charge.outcome.riskScore").click();
  await page.locator(`source-pane li.related[data-path="outcome.risk_score"]`).waitFor();

  await row(page, AMOUNT).click();
  await page.locator(`source-pane li.related[data-path="currency"]`).waitFor();
  assert.equal(await page.locator("mapping-editor .result").innerText(), "10.99");
  assert.match(await page.locator("mapping-editor ol").innerText(), /amount 1099/);
});

at("the record follows what is typed; undo and redo", {}, async (page) => {
  await row(page, DESCRIPTION).click();
  await write(page, "concat(upper(currency), \" \", id)");
  const text = leaf(page, "record-pane", DESCRIPTION).locator(".string");
  await page.locator("mapping-editor .result", { hasText: '"USD ch_3MmlLrLkdIwHu7ix0snN0B15"' }).waitFor();
  await text.filter({ hasText: "USD ch_" }).waitFor();
  await valid(page);
  await page.locator("mappings-pane .chip.informative", { hasText: "changed" }).waitFor();
  await picture(page, "mapping");
  await page.getByRole("button", { name: "Undo" }).click();
  await text.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Redo" }).click();
  await text.filter({ hasText: "USD ch_" }).waitFor();
});

at("a mistake is shown at its place, the rest stays live, and a near name is mended by a click", {}, async (page) => {
  await row(page, DESCRIPTION).click();
  await write(page, "upper(currency");
  await page.locator(".mistake", { hasText: "column 15" }).first().waitFor();
  await page.locator("mapping-editor .cm-lintRange-error").waitFor();
  await picture(page, "mistake");
  await write(page, "uper(currency)");
  await page.getByRole("button", { name: "Write upper" }).click();
  await page.locator("mapping-editor .result", { hasText: '"USD"' }).waitFor();
  assert.equal(await page.locator("mapping-editor .mistake").count(), 0);
  assert.equal(await leaf(page, "record-pane", AMOUNT).locator(".number").innerText(), "10.99");
});

at("a mapping is left out by its switch", {}, async (page) => {
  await row(page, AMOUNT).locator("input").uncheck();
  await leaf(page, "record-pane", AMOUNT).waitFor({ state: "detached" });
  await page.getByRole("tab", { name: "Changes (1)" }).click();
  await page.locator("detail-pane .chip", { hasText: "left out" }).waitFor();
  await page.getByRole("button", { name: `Revert ${AMOUNT}` }).click();
  await leaf(page, "record-pane", AMOUNT).waitFor();
});

at("a record that is not what its schema says is not valid, and says where", {}, async (page) => {
  await row(page, "commerce.order.currencyCode").click();
  await write(page, "concat(currency, \" dollars\")");
  await page.locator("record-pane .chip.negative", { hasText: "not valid" }).waitFor();
  await page.locator("record-pane ul[aria-label] button", { hasText: "commerce.order.currencyCode" }).click();
  await page.locator('record-pane li.chosen[data-path="commerce.order.currencyCode"]').waitFor();
  await picture(page, "not-valid");
});

at("everything by keyboard: find, add, complete, switch, undo", {}, async (page) => {
  await page.keyboard.press("Alt+n");
  await page.keyboard.type("upp");
  await page.locator(".cm-tooltip-autocomplete", { hasText: "upper" }).waitFor();
  await page.keyboard.press("Enter");
  await page.keyboard.type("status)");
  await page.keyboard.press("Tab");
  await page.keyboard.type("_acme.stripe.charge.receiptNumber");
  await page.keyboard.press("Escape");
  await leaf(page, "record-pane", "_acme.stripe.charge.receiptNumber").locator(".string", { hasText: "SUCCEEDED" }).waitFor();

  await page.keyboard.press("Alt+2");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await leaf(page, "record-pane", "eventType").waitFor({ state: "detached" });
  await page.keyboard.press("Control+z");
  await leaf(page, "record-pane", "eventType").waitFor();

  await page.keyboard.press("Alt+1");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.locator('source-pane li.chosen[data-path="amount"]').waitFor();
  await page.keyboard.press("Alt+f");
  await page.keyboard.type("riskScore");
  await page.locator("mappings-pane header [role=status]", { hasText: "1 of" }).waitFor();
});

at("samples, a pasted object with a large number, and a value that nothing maps", {}, async (page) => {
  await page.locator("source-pane sp-picker").click();
  await page.getByRole("option", { name: "customer" }).or(page.locator("source-pane sp-menu-item[value=customer]")).first().click();
  await leaf(page, "record-pane", "_id").waitFor();
  await page.locator("record-pane code, record-pane sp-picker", { hasText: "stripe_customers" }).first().waitFor();

  const charge = read("crates/core/tests/data/samples/charge.json").replace('"metadata": {}', '"metadata": {"big": 9007199254740993}, "brand_new": {"field": 12345678901234567890}');
  await page.evaluate((text) => navigator.clipboard.writeText(text), charge);
  await page.getByRole("button", { name: "Paste" }).click();
  const unmapped = leaf(page, "source-pane", "brand_new.field");
  await unmapped.locator(".mark", { hasText: "unmapped" }).waitFor();
  assert.match(await unmapped.innerText(), /12345678901234567890/);
  await unmapped.click();
  await page.getByRole("button", { name: "Map this" }).click();
  await write(page, "_acme.stripe.charge.brandNew", "to");
  await leaf(page, "record-pane", "_acme.stripe.charge.brandNew").waitFor();
  assert.match(await leaf(page, "record-pane", "_acme.stripe.charge.brandNew").innerText(), /12345678901234567890/);
});

at("coverage tells what is mapped and a policy what is left out", {}, async (page) => {
  await page.getByRole("tab", { name: "Coverage" }).click();
  await page.locator("detail-pane", { hasText: "dropped by the privacy policy" }).waitFor();
  await picture(page, "coverage");
  await page.getByRole("tab", { name: "Settings" }).click();
  await page.getByRole("button", { name: /leave out what identifies directly/ }).click();
  await page.locator("detail-pane .chip.positive", { hasText: "in force" }).waitFor();
  await page.getByRole("tab", { name: "Coverage" }).click();
  await page.locator("detail-pane", { hasText: "_acme.stripe.charge.billingDetails.email" }).waitFor();
});

at("changes are saved, opened and shared; objects do not travel", {}, async (page, person) => {
  await row(page, DESCRIPTION).click();
  await write(page, "upper(status)");
  await page.locator("mapping-editor .result", { hasText: '"SUCCEEDED"' }).waitFor();
  await page.locator("#out").click();
  const saving = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "Save changes as a file" }).click();
  const download = await saving;
  assert.equal(download.suggestedFilename(), "charge.event.json");
  const saved = JSON.parse(readFileSync(await download.path(), "utf8"));
  assert.deepEqual(saved.mappingSet.mappings, [{ sourceType: "EXPRESSION", source: "upper(status)", destination: DESCRIPTION, type: "string" }]);

  await page.locator("#out").click();
  await page.getByRole("menuitem", { name: "Share by address…" }).click();
  await page.getByRole("button", { name: "Copy the address" }).click();
  await page.locator(".toast", { hasText: "in the clipboard" }).waitFor();
  const address = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(address, /#draft=/);

  const other = await visit(chromium, site.address, { path: new URL(address).hash });
  await leaf(other.page, "record-pane", DESCRIPTION).locator(".string", { hasText: "SUCCEEDED" }).waitFor();
  assert.deepEqual(other.wrong, []);
  await other.close();

  const third = await visit(chromium, site.address);
  await third.page.locator("#set").setInputFiles({ name: "mine.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(saved)) });
  await third.page.locator(".toast", { hasText: "1 mapping differs" }).waitFor();
  await leaf(third.page, "record-pane", DESCRIPTION).locator(".string", { hasText: "SUCCEEDED" }).waitFor();
  await third.close();
  assert.deepEqual(person.wrong, []);
});

at("a set of Adobe's is read, and a model goes to Adobe with a report", {}, async (page) => {
  const set = read("crates/core/tests/data/adobe-tutorial-charges.mapping-set.json");
  await page.locator("#set").setInputFiles({ name: "tutorial.json", mimeType: "application/json", buffer: Buffer.from(set) });
  await page.locator(".toast", { hasText: "from the default" }).waitFor();
  await page.locator("#out").click();
  await page.getByRole("menuitem", { name: "Export for Adobe…" }).click();
  const dialog = page.locator("dialog");
  await dialog.getByText("rewritten in Adobe's functions").first().waitFor();
  const saving = page.waitForEvent("download");
  await dialog.getByRole("button", { name: "Save the mapping set" }).click();
  const exported = JSON.parse(readFileSync(await (await saving).path(), "utf8"));
  assert.ok(exported.mappings.length > 200);
});

at("ten thousand objects are counted while the page stays live", {}, async (page) => {
  const charge = JSON.parse(read("crates/core/tests/data/samples/charge.json"));
  const lines = Array.from({ length: 10_000 }, (_, index) => JSON.stringify(index % 1000 === 7 ? { ...charge, id: null } : { ...charge, id: `ch_${index}` }));
  await page.locator("source-pane input[type=file]").setInputFiles({ name: "charges.jsonl", mimeType: "application/json", buffer: Buffer.from(lines.join("\n")) });
  await page.locator("source-pane .nav", { hasText: "object 1 of 10,000" }).waitFor();
  await page.getByRole("tab", { name: "Bulk (10,000)" }).click();
  await page.getByRole("button", { name: "Transform them all" }).click();
  // Live: while it counts, another value can be pointed at.
  await leaf(page, "source-pane", "amount").click();
  await page.locator(`mappings-pane tr.related[data-row="${AMOUNT}"]`).waitFor();
  await page.locator("detail-pane [role=status]", { hasText: "10,000 of 10,000 objects" }).waitFor({ timeout: 60_000 });
  await picture(page, "bulk");
  const first = page.locator("detail-pane tbody tr", { has: page.locator(".chip.negative") });
  assert.equal(await first.locator(".count").innerText(), "10");
  await first.getByRole("button", { name: "object 8" }).click();
  await page.locator("source-pane .nav", { hasText: "object 8 of 10,000" }).waitFor();
});

for (const theme of ["light", "dark"]) {
  at(`axe finds nothing, ${theme}, wide and narrow`, { theme }, async (page) => {
    await row(page, AMOUNT).click();
    await page.locator("mapping-editor .result").waitFor();
    await valid(page);
    assert.deepEqual(await axe(page), []);
    await picture(page, theme);
    await page.getByRole("tab", { name: "Coverage" }).click();
    assert.deepEqual(await axe(page), []);
    await page.setViewportSize({ width: 768, height: 1024 });
    assert.deepEqual(await axe(page), []);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 768, `nothing lies to the right of the window (${width})`);
    await picture(page, `${theme}-768`);
  });
}
