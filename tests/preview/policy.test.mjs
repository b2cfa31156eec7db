// What is covered, what the schema says, and what a privacy policy does.

import assert from "node:assert/strict";
import { AMOUNT, at, leaf, pick, picture, tab } from "./person.mjs";

at("coverage tells what is mapped, what is not and what is left out", {}, async (page) => {
  await tab(page, "Coverage");
  await page.locator("detail-pane", { hasText: "values mapped" }).waitFor();
  await page.locator("detail-pane", { hasText: "receiptURL" }).waitFor();
  await picture(page, "coverage");
});

at("a privacy policy shows what it does to this object", {}, async (page) => {
  await pick(page, "source-pane sp-picker", "customer");
  await page.locator("record-pane .of", { hasText: "stripe_customers" }).waitFor();
  await tab(page, "Privacy");
  const effect = (value) => page.locator('privacy-panel table[aria-label="What this record shows"] tr', { hasText: value }).first().locator("td:nth-child(3)");
  await effect("Jenny Rosen").locator(".quiet", { hasText: "the same" }).waitFor();
  const I1 = 'privacy-panel sp-picker[label="Fields with the label I1"]';
  await pick(page, I1, "mask");
  await effect("Jenny Rosen").locator("code", { hasText: "***" }).waitFor();
  // A masked address is none.
  await effect("jennyrosen@example.com").locator(".chip", { hasText: "left out" }).waitFor();
  await picture(page, "privacy");
  await pick(page, I1, "hash");
  await page.locator("privacy-panel", { hasText: "With your own key they look different" }).waitFor();
  await pick(page, I1, "drop");
  await effect("Jenny Rosen").locator(".chip", { hasText: "left out" }).waitFor();
  await tab(page, "Settings");
  await page.locator("detail-pane .chip.positive", { hasText: "in force" }).waitFor();
});

at("the schema says what can be written, how sensitive it is and what fills it", {}, async (page) => {
  await tab(page, "Schema");
  const panel = page.locator("schema-panel");
  await panel.locator("tr", { hasText: AMOUNT }).first().locator(".chip", { hasText: "filled" }).waitFor();
  await pick(page, "schema-panel sp-picker", "labelled");
  await panel.locator("tr", { hasText: "billingDetails.email" }).locator(".chip", { hasText: "I1" }).waitFor();
  await panel.locator("sp-search").click();
  await page.keyboard.type("email");
  await picture(page, "schema");
  await panel.locator("sp-search").press("Control+a");
  await page.keyboard.press("Delete");
  await pick(page, "schema-panel sp-picker", "filled");
  await panel.getByRole("button", { name: "commerce.order.priceTotal" }).click();
  await page.locator('record-pane li.chosen[data-path="commerce.order.priceTotal"]').waitFor();
});

at("settings that cannot be are told, and do not come into force", {}, async (page) => {
  await tab(page, "Settings");
  await page.locator("detail-pane code-editor .cm-content").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText('{"tenant": "acme", "privacy": {"rules": [{"label": "I1", "action": "blur"}]}}');
  await page.locator("detail-pane .problem").waitFor();
  await leaf(page, "record-pane", AMOUNT).waitFor();
});
