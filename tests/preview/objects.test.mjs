// Objects: samples, pasted, opened, many at once.

import assert from "node:assert/strict";
import { AMOUNT, at, leaf, openObjects, pick, picture, row, sample, tab } from "./person.mjs";

at("a pasted object with a large number, and a value that nothing maps", {}, async (page) => {
  await pick(page, "source-pane sp-picker", "customer");
  await page.locator("record-pane .of", { hasText: "stripe_customers" }).waitFor();

  const charge = sample("charge").replace('"metadata": {}', '"metadata": {"big": 9007199254740993}, "brand_new": {"field": 12345678901234567890}');
  await page.evaluate((text) => navigator.clipboard.writeText(text), charge);
  await page.getByRole("button", { name: "Paste" }).click();
  const unmapped = leaf(page, "source-pane", "brand_new.field");
  await unmapped.locator(".mark", { hasText: "unmapped" }).waitFor();
  assert.match(await unmapped.innerText(), /12345678901234567890/);
  await unmapped.click();
  await page.getByRole("button", { name: "Map this" }).click();
  // The destination is proposed as the defaults name theirs.
  const mapped = leaf(page, "record-pane", "_acme.stripe.charge.brandNew.field");
  await mapped.waitFor();
  assert.match(await mapped.innerText(), /12345678901234567890/);
});

at("samples of every API age become valid records", {}, async (page) => {
  const names = await page.locator("source-pane sp-menu-item").evaluateAll((items) => items.map((item) => item.value));
  const old = names.filter((name) => /^\d/.test(name));
  assert.equal(old.length, 22);
  for (const name of ["2017-08-15 charge", "2019-12-03 customer", "2020-08-27 subscription", "2024-06-20 refund"]) {
    assert.ok(old.includes(name), name);
    await pick(page, "source-pane sp-picker", name);
    await page.locator("source-pane sp-picker", { hasText: name }).waitFor();
    await page.locator("record-pane .of", { hasText: { charge: "stripe_charge_events", customer: "stripe_customers", subscription: "stripe_subscriptions", refund: "stripe_refund_events" }[name.slice(11)] }).waitFor();
    await page.locator("record-pane .state .chip.positive", { hasText: /^valid$/ }).waitFor();
  }
});

at("a webhook: what lies in it and around it lights up", {}, async (page) => {
  await pick(page, "source-pane sp-picker", "webhook charge.refunded");
  await leaf(page, "source-pane", "data.object.amount").click();
  await page.locator(`mappings-pane tr.related[data-row="${AMOUNT}"]`).waitFor();
  await row(page, AMOUNT).click();
  await page.locator('source-pane li.related[data-path="data.object.currency"]').waitFor();
  assert.match(await page.locator("mapping-editor ol").innerText(), /amount 1099/);
  await leaf(page, "source-pane", "type").click();
  await page.locator("record-pane li.related", { hasText: "charge.refunded" }).first().waitFor();
  await picture(page, "webhook");
  await pick(page, "source-pane sp-picker", "webhook v1.charge.succeeded (thin)");
  await page.locator("record-pane .problem", { hasText: "fetch its related_object.url" }).waitFor();
});

at("ten thousand objects are counted while the page stays live", {}, async (page) => {
  const charge = JSON.parse(sample("charge"));
  const lines = Array.from({ length: 10_000 }, (_, index) => JSON.stringify(index % 1000 === 7 ? { ...charge, id: null } : { ...charge, id: `ch_${index}` }));
  const tasks = await longTasks(page);
  const forget = await openObjects(page, "charges.jsonl", lines.join("\n"));
  await page.locator("source-pane .nav", { hasText: "object 1 of 10,000" }).waitFor();
  await tab(page, "Bulk (10,000)");
  await page.getByRole("button", { name: "Transform them all" }).click();
  // Live: while it counts, another value can be pointed at.
  await leaf(page, "source-pane", "amount").click();
  await page.locator(`mappings-pane tr.related[data-row="${AMOUNT}"]`).waitFor();
  await page.locator("detail-pane [role=status]", { hasText: "10,000 of 10,000 objects" }).waitFor({ timeout: 60_000 });
  // Longer than half a second nobody would call live, however busy the machine is.
  const longest = await tasks();
  console.log(`# longest task of the page while it read and counted 10,000 objects: ${longest.toFixed(0)} ms`);
  assert.ok(longest < 500, `${longest} ms`);
  await picture(page, "bulk");
  const first = page.locator("detail-pane tbody tr", { has: page.locator(".chip.negative") });
  assert.equal(await first.locator(".count").innerText(), "10");
  await first.getByRole("button", { name: "object 8" }).click();
  await page.locator("source-pane .nav", { hasText: "object 8 of 10,000" }).waitFor();
  forget();
});

/** Begins to watch how long the page stands still; gives the longest time. */
async function longTasks(page) {
  await page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
    }).observe({ entryTypes: ["longtask"] });
  });
  return () => page.evaluate(() => window.longest);
}
