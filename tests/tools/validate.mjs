// Runs the Khronos glTF validator on one file and prints its report as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [, , modules, path] = process.argv;
const validator = createRequire(`${modules}/`)("gltf-validator");
const report = await validator.validateBytes(new Uint8Array(readFileSync(path)), { maxIssues: 100 });
process.stdout.write(JSON.stringify(report));
