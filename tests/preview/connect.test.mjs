// The page as `stripe-xdm preview` serves it, with an account behind it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DESCRIPTION, at, axe, leaf, picture, result, row, tab, valid, visit, write } from "./person.mjs";
import { program } from "./program.mjs";

const CURRENCY = "commerce.order.currencyCode";

let served;
before(async () => {
  served = await program();
});
after(() => served?.stop());

const panel = (page) => page.locator("connect-panel");

async function last(page, count, resource) {
  await tab(page, "Connect");
  await panel(page).getByLabel("How many objects").fill(String(count));
  await panel(page).getByLabel("Resource").selectOption(resource);
}

async function dryRun(page) {
  await panel(page).getByRole("button", { name: "Dry run" }).click();
  await panel(page).locator("[role=status]").waitFor();
}

/** A test at the page that the program serves; the key is in nothing that it is sent. */
function connected(name, options, act) {
  test(name, { timeout: 90_000 }, async () => {
    const person = await visit({ address: served.address, path: served.hash, ...options });
    const sent = [];
    person.page.on("response", (response) => {
      if (response.url().includes("/api/")) sent.push(response.text().catch(() => ""));
    });
    try {
      await act(person.page);
      assert.deepEqual(person.wrong, []);
      for (const text of await Promise.all(sent)) assert.ok(!text.includes(served.key));
    } finally {
      await person.close();
    }
  });
}

at("a static site asks nobody and has nothing to connect", {}, async (page) => {
  await page.getByRole("tab", { name: "Settings" }).waitFor();
  assert.equal(await page.getByRole("tab", { name: "Connect" }).count(), 0);
});

connected("objects of the account are looked at like any others", {}, async (page) => {
  assert.equal(await page.evaluate(() => location.hash), "", "the token is out of the address");
  await last(page, 25, "charges");
  await picture(page, "connect");
  await panel(page).getByRole("button", { name: "Look at them" }).click();
  await page.locator("source-pane .nav", { hasText: "object 1 of 25" }).waitFor();
  await valid(page);
  assert.match(await leaf(page, "record-pane", "_acme.stripe.accountID").innerText(), /acct_/);

  await last(page, 3, "customers");
  await panel(page).getByRole("button", { name: "Look at them" }).click();
  await page.locator("source-pane .nav", { hasText: "object 1 of 3" }).waitFor();
  await page.locator("record-pane .of", { hasText: "stripe_customers" }).waitFor();

  // The token outlives a reload, in this tab alone.
  await page.reload();
  await page.getByRole("tab", { name: "Connect" }).waitFor();
});

connected("a dry run tells what changes, and leads to the objects", {}, async (page) => {
  await row(page, DESCRIPTION).click();
  await write(page, 'iif(amount > 5000, concat("large ", id), description)');
  await page.locator("mappings-pane .chip.informative", { hasText: "changed" }).waitFor();
  await last(page, 1200, "charges");
  await dryRun(page);
  const field = panel(page).locator("tr", { hasText: DESCRIPTION });
  await field.locator("code", { hasText: '"large ' }).waitFor();
  await picture(page, "dry-run");
  // What was found is still there after a look elsewhere.
  await tab(page, "Coverage");
  await tab(page, "Connect");
  const id = await field.getByRole("button").innerText();
  await field.getByRole("button").click();
  await leaf(page, "source-pane", "id").locator(".string", { hasText: id }).waitFor();
  await leaf(page, "record-pane", DESCRIPTION).locator(".string", { hasText: `large ${id}` }).waitFor();
});

connected("a dry run leads to the first object that fails", { theme: "dark" }, async (page) => {
  await row(page, CURRENCY).click();
  await write(page, 'iif(amount > 20000, "much", upper(currency))');
  await result(page, "USD");
  await last(page, 300, "charges");
  await dryRun(page);
  const failing = panel(page).locator("tr", { has: page.locator(".chip.negative") }).first();
  assert.equal(await failing.locator("td").nth(1).innerText(), "0");
  await picture(page, "dry-run-fails");
  assert.deepEqual(await axe(page), []);
  await failing.getByRole("button").click();
  await page.locator("record-pane .chip.negative", { hasText: "not valid" }).waitFor();
  await last(page, 1001, "charges");
  await panel(page).getByRole("button", { name: "Look at them" }).click();
  await panel(page).locator("[role=alert]", { hasText: "From 1 to 1,000" }).waitFor();
});
