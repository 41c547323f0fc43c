// Reads files of models that were changed at random: each has to be refused with an EngineError, or read, in a bounded time and memory.
//     npm run test:files -- --cases 2000 --seed 7
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { EngineError, Sequential, layers, loadModel } from '../../lib/index.js';
import { Zip, zipParts } from '../../lib/saving/zip.js';

const { values } = parseArgs({
  options: { cases: { type: 'string', default: '2000' }, seed: { type: 'string', default: '7' } },
});
const SLOWEST_MS = 5000;
/** What the process may grow by: the files have some 0.1 MB. */
const MOST_GROWTH = 100e6;

let state = Number(values.seed);
const below = (n: number) =>
  Math.floor(((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32) * n);
/** Bytes with some changed, and one time in four cut. */
function changed(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = below(8); i >= 0; i--) copy[below(copy.length)] = below(256);
  return below(4) === 0 ? copy.subarray(0, below(copy.length)) : copy;
}

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-damage-'));
const [keras, tensors] = [join(folder, 'a.keras'), join(folder, 'a.safetensors')];
const whole = gunzipSync(readFileSync(new URL('../fixtures/files/net.keras.gz', import.meta.url)));
const zip = new Zip('test', 'net', whole);
const model = new Sequential([layers.input({ shape: [3] }), layers.dense({ units: 4 })]);
await model.saveWeights(tensors);
const numbers = readFileSync(tensors);
/** The archive with one member changed, and sums that fit it. */
const withMember = (part: string) =>
  Buffer.concat(
    zipParts(
      'test',
      'net',
      zip.names.map((name) => {
        const bytes = zip.read(name);
        return { name, bytes: name.includes(part) ? changed(bytes) : bytes };
      }),
    ),
  );
const kinds: readonly [path: string, make: () => Buffer][] = [
  [keras, () => changed(whole)],
  [keras, () => withMember('weights')],
  [keras, () => withMember('config')],
  [tensors, () => changed(numbers)],
];

const count = { read: 0, refused: 0, wrong: 0 };
let start: number | undefined;
try {
  for (let i = 0; i < Number(values.cases); i++) {
    const [path, make] = kinds[i % kinds.length];
    writeFileSync(path, make());
    const since = performance.now();
    try {
      if (path === tensors) await model.loadWeights(path);
      else (await loadModel(path)).dispose();
      count.read++;
    } catch (error) {
      if (error instanceof EngineError) count.refused++;
      else {
        count.wrong++;
        console.log(`case ${i}: ${String(error)}`);
      }
    }
    const took = performance.now() - since;
    if (took > SLOWEST_MS) {
      count.wrong++;
      console.log(`case ${i}: took ${took.toFixed(0)} ms`);
    }
    // What the first cases load stays: the engine, h5wasm, code that was compiled.
    const { rss } = process.memoryUsage();
    if (i === 100) start = rss;
    if (start !== undefined && rss - start > MOST_GROWTH) {
      count.wrong++;
      console.log(`case ${i}: memory has grown by ${((rss - start) / 1e6).toFixed(0)} MB`);
      break;
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`${count.read} read, ${count.refused} refused`);
console.log(`files: ${count.read + count.refused} passed, ${count.wrong} failed`);
process.exit(count.wrong > 0 ? 1 : 0);
