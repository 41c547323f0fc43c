// Adds up the suites' logs: node scripts/tally.mjs LOG… Each log ends with the line "exit N".
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

// Each part of a suite says its counts in its own words: our scripts, vitest, GoogleTest.
const PASSED = [
  /^\w+: (\d+) passed, \d+ failed$/gm,
  /^\s*Tests .*?(\d+) passed/gm,
  /^\[ {2}PASSED {2}\] (\d+) tests?/gm,
];
const FAILED = [
  /^\w+: \d+ passed, (\d+) failed$/gm,
  /^\s*Tests .*?(\d+) failed/gm,
  /^\[ {2}FAILED {2}\] (\d+) tests?/gm,
];
// The names of failures, for a reader who sees only the end of the output.
const NAMES =
  /^\s*FAIL {2}.*$|^\s*(?:Assertion|Type|Range|Engine|Syntax|Reference)?Error: .*$|^\[ {2}FAILED {2}\] .*$|^FAILED .*$|^(?:case|call|run) \d+.*$|^==\d+==ERROR: .*$|^.*: runtime error: .*$/gm;
const MOST_NAMES = 40;
const count = (patterns, text) =>
  patterns
    .flatMap((pattern) => [...text.matchAll(pattern)])
    .reduce((sum, match) => sum + Number(match[1]), 0);

let passed = 0;
let failed = 0;
for (const file of process.argv.slice(2)) {
  const log = readFileSync(file, 'utf8');
  const good = count(PASSED, log);
  let bad = count(FAILED, log);
  // A suite that broke before it counted, or that ran nothing, has failed too.
  if (bad === 0 && (!/^exit 0$/m.test(log) || good === 0)) bad = 1;
  console.log(`${basename(file)}: ${good} passed, ${bad} failed`);
  if (bad > 0)
    for (const [name] of [...log.matchAll(NAMES)].slice(0, MOST_NAMES))
      console.log(`  ${name.trim().slice(0, 300)}`);
  passed += good;
  failed += bad;
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
