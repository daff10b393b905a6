// Writes each JSON text of a list in the canonical form of RFC 8785, with the npm package canonicalize.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const file = pathToFileURL(join(process.argv[2], "canonicalize/lib/canonicalize.js"));
const { default: canonicalize } = await import(file);
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map((text) => canonicalize(JSON.parse(text)))));
