// Reads files that were changed at random, one case after another, for main.mjs: prints the number of each case, and what is wrong.
import { itemAt } from '../../lib/base/list.js';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EngineError } from '../../lib/index.js';
import { zipParts } from '../../lib/base/zip.js';
import { changed, cut, randomOf } from './changes.js';
import { formatsIn } from './formats.js';

const { values } = parseArgs({
  options: { from: { type: 'string' }, cases: { type: 'string' }, seed: { type: 'string' } },
});
const SLOWEST_MS = 5000;
const most = (size: number) => 10 * size + 100e6;
const say = (line: string) => process.stdout.write(`${line}\n`);
const peak = () => process.resourceUsage().maxRSS * 1024;

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-damage-'));
process.on('exit', () => {
  rmSync(folder, { recursive: true, force: true });
});
const formats = await formatsIn(folder);
// Each whole file is read once: what that loads stays.
for (const { name, file, seeds, read } of formats) {
  for (const bytes of seeds) {
    writeFileSync(join(folder, file), bytes);
    await read(join(folder, file)).catch((error: unknown) => {
      say(`wrong: ${name} as it was: ${String(error)}`);
    });
  }
}
const traps = formats.flatMap((format) => (format.traps ?? []).map((bytes) => [format, bytes] as const));

for (let i = Number(values.from); i < Number(values.cases); i++) {
  const random = randomOf(Number(values.seed), i);
  const format = traps[i]?.[0] ?? itemAt(formats, random(formats.length));
  const { name, file, read } = format;
  const bytes = traps[i]?.[1] ?? made();
  function made(): Uint8Array {
    const { seeds, members, onlyCut } = format;
    const whole = itemAt(seeds, random(seeds.length));
    if (onlyCut) return cut(random, whole);
    if (!members || random(2) === 0) return changed(random, whole);
    const parts = members(whole);
    const at = random(parts.length);
    const others = parts.map((part, j) =>
      j === at ? { ...part, bytes: changed(random, part.bytes) } : part,
    );
    return Buffer.concat(zipParts('damage', 'file', others));
  }
  say(`case ${i} ${format.name}`);
  const path = join(folder, file);
  writeFileSync(path, bytes);
  const [before, since] = [peak(), performance.now()];
  let outcome = 'read';
  try {
    await read(path);
  } catch (error) {
    outcome = 'refused';
    if (!(error instanceof EngineError))
      say(`wrong: ${name}: ${error instanceof Error ? error.stack : String(error)}`);
  }
  const took = performance.now() - since;
  if (took > SLOWEST_MS) say(`wrong: ${name}: took ${took.toFixed(0)} ms`);
  const grown = peak() - before;
  if (grown > most(bytes.length))
    say(`wrong: ${name}: ${bytes.length} bytes took ${(grown / 1e6).toFixed(0)} MB`);
  say(`${outcome} ${name}`);
}
say('end');
