// Mappings are looked at and edited: what belongs together lights up, the record follows, mistakes are mended.

import assert from "node:assert/strict";
import { AMOUNT, DESCRIPTION, at, leaf, picture, pick, result, row, tab, valid, write } from "./person.mjs";

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

at("in the JSON, too: the cursor points, and what belongs to it lights up", {}, async (page) => {
  for (const pane of ["source-pane", "record-pane"]) await page.locator(pane).getByText("JSON", { exact: true }).click();
  await page.locator("source-pane .cm-line", { hasText: '"amount":' }).click();
  await page.locator("source-pane .cm-line.cm-chosen", { hasText: '"amount": 1099' }).waitFor();
  await page.locator(`mappings-pane tr.related[data-row="${AMOUNT}"]`).waitFor();
  await page.locator("record-pane .cm-line.cm-related", { hasText: '"priceTotal": 10.99' }).waitFor();
  await page.locator("record-pane .cm-line", { hasText: '"currencyCode"' }).first().click();
  await page.locator("source-pane .cm-line.cm-related", { hasText: '"currency": "usd"' }).waitFor();
  await picture(page, "json");
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

  await page.locator("mapping-editor code-editor.source .cm-content").click();
  await page.keyboard.press("End");
  await page.evaluate(() => performance.clearMeasures());
  for (const key of ' + "1234567890"') {
    await page.keyboard.type(key);
    await page.waitForTimeout(100);
  }
  const times = await page.evaluate(() => performance.getEntriesByName("record follows").map(({ duration }) => duration));
  const median = times.sort((one, other) => one - other)[times.length >> 1];
  console.log(`# from keystroke to record: median ${median.toFixed(0)} ms of ${times.length}`);
  // 50 ms are wanted; what else the machine does is not the page's affair.
  assert.ok(median < 500, `${median} ms`);
});

at("a mistake is shown at its place, the rest stays live, and near names are mended by a click", {}, async (page) => {
  await row(page, DESCRIPTION).click();
  await write(page, "upper(currency");
  await page.locator(".mistake", { hasText: "column 15" }).first().waitFor();
  await page.locator("mapping-editor .cm-lintRange-error").waitFor();
  await picture(page, "mistake");
  await write(page, "uper(curency)");
  await page.getByRole("button", { name: "Write upper" }).click();
  await page.getByRole("button", { name: "Write currency" }).click();
  await result(page, '"USD"');
  assert.equal(await page.locator("mapping-editor .mistake").count(), 0);
  assert.equal(await leaf(page, "record-pane", AMOUNT).locator(".number").innerText(), "10.99");
  await write(page, "_acme.stripe.charge.descripton", "to");
  await page.getByRole("button", { name: `Write ${DESCRIPTION}` }).click();
  await leaf(page, "record-pane", DESCRIPTION).locator(".string", { hasText: "USD" }).waitFor();
});

at("the pointer on a function shows what it does, with the documented example", {}, async (page) => {
  await row(page, DESCRIPTION).click();
  await write(page, "upper(currency)");
  await page.locator("mapping-editor .source .cm-line span", { hasText: "upper" }).hover();
  await page.locator(".cm-tooltip .about", { hasText: "→" }).waitFor();
  assert.match(await page.locator(".cm-tooltip .about").innerText(), /upper.*\n.*upper\("hello"\)|upper\(/is);
});

at("a mapping is left out by its switch and comes back by a click", {}, async (page) => {
  await row(page, AMOUNT).locator("input").uncheck();
  await leaf(page, "record-pane", AMOUNT).waitFor({ state: "detached" });
  await tab(page, "Changes (1)");
  await page.locator("changes-panel .chip", { hasText: "not written" }).waitFor();
  await page.getByRole("button", { name: `Revert ${AMOUNT}` }).click();
  await leaf(page, "record-pane", AMOUNT).waitFor();
});

at("of two mappings to one field the later wins, and they can be moved", {}, async (page) => {
  for (const source of ["id", "status"]) {
    await page.getByRole("button", { name: "Add a mapping" }).click();
    await write(page, source);
    await write(page, DESCRIPTION, "to");
    await result(page, source === "id" ? "ch_3Mml" : "succeeded");
  }
  const shown = leaf(page, "record-pane", DESCRIPTION).locator(".string");
  await shown.filter({ hasText: "succeeded" }).waitFor();
  await page.locator('mappings-pane tr[data-row="+2"]').focus();
  await page.keyboard.press("Alt+ArrowUp");
  await shown.filter({ hasText: "ch_3Mml" }).waitFor();
  await page.keyboard.press("Alt+ArrowDown");
  await shown.filter({ hasText: "succeeded" }).waitFor();
});

at("a record that is not what its schema says is not valid, and says where", {}, async (page) => {
  await row(page, "commerce.order.currencyCode").click();
  await write(page, "concat(currency, \" dollars\")");
  await page.locator("record-pane .chip.negative", { hasText: "not valid: 1 place" }).waitFor();
  await page.locator("record-pane ul[aria-label] button", { hasText: "commerce.order.currencyCode" }).click();
  await page.locator('record-pane li.chosen[data-path="commerce.order.currencyCode"]').waitFor();
  await picture(page, "not-valid");
});
