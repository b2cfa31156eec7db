"""Fills a running localstripe through its API, and checks a lake against what it then lists.

    localstripe.py fill BASE DIRECTORY              writes one file of objects for each resource
    localstripe.py send-twice BASE DIRECTORY URL SECRET
                                                    has it send webhooks to an address, each twice, and creates customers
    localstripe.py check DIRECTORY LAKE RESOURCE…   compares; says what differs and fails
"""

import json
import pathlib
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timezone
from decimal import Decimal

KEY = "sk_test_12345"
# Currencies with two digits after the point, and with none.
DIGITS = {"eur": 2, "usd": 2, "jpy": 0}
DATASETS = {
    "charges": ("stripe_charge_events", "chargeID"),
    "customers": ("stripe_customers", "customerID"),
    "balance_transactions": ("stripe_balance_transactions", "balanceTransactionID"),
    "refunds": ("stripe_refund_events", "refundID"),
    "subscriptions": ("stripe_subscriptions", "subscriptionID"),
    # Of the events those about customers.
    "events": ("stripe_customers", "customerID"),
}


def call(base, path, data=None, method=None):
    body = urllib.parse.urlencode(data).encode() if data else None
    request = urllib.request.Request(base + path, body, method=method)
    request.add_header("Authorization", f"Bearer {KEY}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def fill(base, directory):
    card = {"card[number]": "4242424242424242", "card[exp_month]": 12, "card[exp_year]": 2035, "card[cvc]": "123"}
    customers = []
    for number in range(230):
        data = {"email": f"person.{number}@example.com", "name": f"Zoë {number}", "metadata[number]": number}
        if number < 12:
            data["source"] = call(base, "/v1/tokens", card)["id"]
        customers.append(call(base, "/v1/customers", data)["id"])
    charges = []
    for number in range(36):
        currency = list(DIGITS)[number % len(DIGITS)]
        data = {"amount": 100 + 1_111 * number, "currency": currency, "customer": customers[number % 12]}
        charges.append(call(base, "/v1/charges", {**data, "metadata[order]": f"order-{number}"})["id"])
    for number, charge in enumerate(charges[:9]):
        call(base, "/v1/refunds", {"charge": charge, "amount": 10 + number})
    plan = {"amount": 999, "currency": "eur", "interval": "month", "product[name]": "Coffee"}
    plan = call(base, "/v1/plans", plan)["id"]
    for customer in customers[:3]:
        call(base, "/v1/subscriptions", {"customer": customer, "items[0][plan]": plan})
    for customer in customers[-5:]:
        call(base, f"/v1/customers/{customer}", method="DELETE")
    # A sync leaves the second in which it starts to the next one.
    newest = int(time.time())
    while int(time.time()) == newest:
        time.sleep(0.02)
    for name in DATASETS:
        # It knows no largest page.
        page = call(base, f"/v1/{name}?limit=100000")
        assert not page["has_more"], name
        (directory / f"{name}.json").write_text(json.dumps(page))


def send_twice(base, directory, url, secret):
    for hook in ("one", "two"):
        data = json.dumps({"url": url, "secret": secret}).encode()
        request = urllib.request.Request(f"{base}/_config/webhooks/{hook}", data, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=30).close()
    for number in range(60):
        data = {"email": f"person.{number}@example.com", "name": f"Zoë {number}", "metadata[number]": number}
        call(base, "/v1/customers", data)
    (directory / "customers.json").write_text(json.dumps(call(base, "/v1/customers?limit=100")))


def check(directory, lake, names):
    for name in names:
        dataset, field = DATASETS[name]
        listed = json.loads((directory / f"{name}.json").read_text())["data"]
        wanted = {item["id"]: item for item in (about_customers(listed) if name == "events" else listed)}
        records = []
        for file in (lake / dataset).glob("*.jsonl"):
            # Not one digit of an amount is to be lost on the way here.
            records += [json.loads(line, parse_float=Decimal) for line in file.read_text().splitlines()]
        found = {record["_acme"]["stripe"][field]: record for record in records}
        assert len(found) == len(records), f"{dataset} has something twice"
        missing, extra = wanted.keys() - found.keys(), found.keys() - wanted.keys()
        assert not missing and not extra and wanted, f"{dataset} lacks {missing} and has {extra}"
        for id, item in wanted.items():
            COMPARE[name](item, found[id])
        print(f"{dataset}: {len(found)} as created")


def about_customers(events):
    """The customers that events show, those included that a later event deletes."""
    events = [event for event in events if event["type"] != "customer.deleted"]
    return [event["data"]["object"] for event in events if event["data"]["object"]["object"] == "customer"]


def same(id, what, wanted, found):
    assert wanted == found, f"{id}: {what} is {found!r} and was {wanted!r}"


def major(item, key="amount"):
    return Decimal(item[key]).scaleb(-DIGITS[item["currency"]])


def moment(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def charge(item, record):
    ours = record["_acme"]["stripe"]
    same(item["id"], "amount", major(item), Decimal(ours["charge"]["amount"]))
    same(item["id"], "amountMinor", item["amount"], ours["charge"]["amountMinor"])
    same(item["id"], "amountRefundedMinor", item["amount_refunded"], ours["charge"]["amountRefundedMinor"])
    same(item["id"], "currency", item["currency"].upper(), ours["charge"]["currency"])
    same(item["id"], "customer", item["customer"], ours["customerID"])
    same(item["id"], "metadata", item["metadata"], ours.get("metadata", {}))
    same(item["id"], "timestamp", moment(item["created"]), record["timestamp"])


def customer(item, record):
    same(item["id"], "email", item["email"], record["personalEmail"]["address"])
    same(item["id"], "name", item["name"], record["person"]["name"]["fullName"])
    same(item["id"], "metadata", item["metadata"], record["_acme"]["stripe"]["metadata"])


def movement(item, record):
    ours = record["_acme"]["stripe"]["balanceTransaction"]
    transaction = ours["transaction"]
    same(item["id"], "amount", major(item), Decimal(transaction["transactionAmount"]["amount"]))
    same(item["id"], "net", item["net"], ours["netMinor"])
    same(item["id"], "type", item["type"], transaction["transactionType"])
    same(item["id"], "source", item["source"], ours["sourceID"])


def refund(item, record):
    ours = record["_acme"]["stripe"]
    same(item["id"], "amountMinor", item["amount"], ours["refund"]["amountMinor"])
    same(item["id"], "charge", item["charge"], ours["chargeID"])


def subscription(item, record):
    ours = record["_acme"]["stripe"]
    same(item["id"], "status", item["status"], ours["subscription"]["status"])
    same(item["id"], "customer", item["customer"], ours["customerID"])


def told(item, record):
    same(item["id"], "email", item["email"], record["personalEmail"]["address"])


COMPARE = {
    "charges": charge,
    "customers": customer,
    "balance_transactions": movement,
    "refunds": refund,
    "subscriptions": subscription,
    "events": told,
}


if __name__ == "__main__":
    _, command, *arguments = sys.argv
    if command == "fill":
        fill(arguments[0], pathlib.Path(arguments[1]))
    elif command == "send-twice":
        send_twice(arguments[0], pathlib.Path(arguments[1]), *arguments[2:])
    else:
        check(pathlib.Path(arguments[0]), pathlib.Path(arguments[1]), arguments[2:])
