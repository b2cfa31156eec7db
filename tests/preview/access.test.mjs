// Everything by keyboard, and what axe says of the page, light and dark, wide and narrow.

import assert from "node:assert/strict";
import { AMOUNT, at, axe, leaf, pick, picture, row, tab, valid } from "./person.mjs";

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

for (const theme of ["light", "dark"]) {
  at(`axe finds nothing, ${theme}, wide and narrow`, { theme }, async (page) => {
    await row(page, AMOUNT).click();
    await page.locator("mapping-editor .result").waitFor();
    await valid(page);
    assert.deepEqual(await axe(page), []);
    if (theme === "dark") await picture(page, theme);
    for (const name of ["Coverage", "Schema", "Privacy", "Changes", "Bulk", "Settings"]) {
      await tab(page, name);
      // Of hundreds of lines some say as much.
      if (name === "Schema") await pick(page, "schema-panel sp-picker", "required");
      assert.deepEqual(await axe(page, "detail-pane"), [], name);
    }
    await tab(page, "Mapping");
    await page.setViewportSize({ width: 768, height: 1024 });
    assert.deepEqual(await axe(page), []);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 768, `nothing lies to the right of the window (${width})`);
    await picture(page, `${theme}-768`);
  });
}

at("dialogs are accessible, and closed by Escape", {}, async (page) => {
  await page.getByRole("button", { name: "Keys" }).click();
  await page.locator("dialog", { hasText: "Ctrl+Space" }).waitFor();
  assert.deepEqual(await axe(page, "dialog"), []);
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
});
