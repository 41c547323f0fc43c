// The tests of the package onnx, for all ops that can be imported, here and in onnxruntime, and files of all layers there: node --import tsx test/onnx/main.ts [--only TEXT]
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { HANDLERS } from '../../lib/onnx/import/handlers.js';
import { readCase } from './cases.js';
import { exported } from './exports.js';
import { failureOfOnnxruntime } from './onnxruntime.js';
import { failureOfNet, failureOfOurs } from './ours.js';

const { values } = parseArgs({
  options: { data: { type: 'string' }, only: { type: 'string', default: '' }, verbose: { type: 'boolean' } },
});

/** Tests that no program passes but the one that drew their random numbers, and those of sets of ops before the first that is read. */
const LEFT_OUT: readonly (readonly [name: RegExp, reason: string])[] = [
  [/^test_bernoulli|^test_training_dropout(?!_zero)/, 'random numbers'],
];
const OLDEST = 7;

let [ours, theirs, count, oldOrUnknown] = [0, 0, 0, 0];
const wrong: string[] = [];
for (const kind of ['node', 'simple', 'pytorch-converted', 'pytorch-operator'])
  for (const name of readdirSync(join(values.data ?? '', kind)).sort()) {
    if (!name.includes(values.only) || LEFT_OUT.some(([left]) => left.test(name))) continue;
    let found;
    try {
      found = readCase(join(values.data ?? '', kind), name);
    } catch {
      // Complex numbers.
    }
    const opset = found?.model.opsetImport.find(({ domain }) => !domain || domain === 'ai.onnx')?.version;
    if (!found || found.ops.some((op) => !(op in HANDLERS)) || (opset ?? 0) < OLDEST) {
      oldOrUnknown++;
      continue;
    }
    count++;
    const [own, other] = [await failureOfOurs(found), await failureOfOnnxruntime(found)];
    if (own === undefined) ours++;
    if (other === undefined) theirs++;
    if (own !== undefined)
      wrong.push(`${name} (${other === undefined ? 'onnxruntime passes' : 'both fail'}): ${own}`);
    if (values.verbose && other !== undefined) console.log(`onnxruntime, ${name}: ${other.slice(0, 200)}`);
  }
// The nets of the package, with weights of ones: as onnx's own tests, fed with the numbers from 0 on, divided by how many there are.
let [nets, failedNets] = [0, 0];
const light = join(values.data ?? '', 'light');
for (const file of readdirSync(light).filter(
  (name) => name.endsWith('.onnx') && name.includes(values.only),
)) {
  const failure = await failureOfNet(join(light, file));
  if (failure === undefined) nets++;
  else wrong.push(`${file}: ${failure}`);
  failedNets += Number(failure !== undefined);
}
const written = await exported(values.only);
wrong.push(...written.wrong);
for (const line of wrong) console.log(line);
console.log(
  `${count} tests of known ops: ${ours} pass here, ${theirs} in onnxruntime; ${oldOrUnknown} of other ops`,
);
// What fails here is told above; the bound is that it is no more than in onnxruntime.
const failed =
  Math.max(0, theirs - ours) +
  failedNets +
  written.wrong.length +
  (ours + nets === 0 ? 1 : 0) +
  (ours > 0 && theirs === 0 ? 1 : 0);
console.log(`${written.passed} files of layers are right in onnxruntime, ${written.wrong.length} are not`);
console.log(`onnx: ${ours + nets + written.passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
