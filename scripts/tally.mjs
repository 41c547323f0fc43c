// Adds up the suites' logs: node scripts/tally.mjs LOG… Each log ends with the line "exit N".
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

// A suite says its counts in its own words: our scripts, vitest, GoogleTest.
const PASSED = [
  /^\w+: (\d+) passed, \d+ failed$/m,
  /^\s*Tests .*?(\d+) passed/m,
  /^\[ {2}PASSED {2}\] (\d+) tests?/m,
];
const FAILED = [
  /^\w+: \d+ passed, (\d+) failed$/m,
  /^\s*Tests .*?(\d+) failed/m,
  /^\[ {2}FAILED {2}\] (\d+) tests?/m,
];
const count = (patterns, text) =>
  Number(patterns.map((pattern) => pattern.exec(text)?.[1]).find(Boolean) ?? 0);

let passed = 0;
let failed = 0;
for (const file of process.argv.slice(2)) {
  const log = readFileSync(file, 'utf8');
  const good = count(PASSED, log);
  let bad = count(FAILED, log);
  // A suite that broke before it counted, or that ran nothing, has failed too.
  if (bad === 0 && (!/^exit 0$/m.test(log) || good === 0)) bad = 1;
  console.log(`${basename(file)}: ${good} passed, ${bad} failed`);
  passed += good;
  failed += bad;
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
