// node expressions.mjs DIST DIR: prints what the expressions by hand make of DIR/record.json.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { convertByHand } from "./expressions_by_hand.mjs";

const [, dir] = process.argv.slice(2);
process.stdout.write(convertByHand(readFileSync(join(dir, "record.json"), "utf8")));
