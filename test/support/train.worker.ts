/** Trains a small net for workerData.steps steps, and tells after each how far it is. */
import { firstOf } from '../../lib/base/list.js';
import { parentPort, workerData } from 'node:worker_threads';
import { compile } from '../../lib/core/compile.js';
import * as ops from '../../lib/ops/index.js';
import type { Sym } from '../../lib/core/sym.js';
import { grad } from '../../lib/core/grad.js';
import { variable } from '../../lib/core/variable.js';

const { steps, width, seed } = workerData as { steps: number; width: number; seed: number };
const x = ops.randomNormal([64, width], { seed });
const w = variable(ops.multiply(ops.randomNormal([width, width], { seed: seed + 1 }), 0.01));
const step = compile((x: Sym) => {
  const loss = ops.mean(ops.square(ops.subtract(ops.matmul(x, w), x)));
  w.assign(ops.subtract(w, ops.multiply(0.5, firstOf(grad(loss, [w])))));
  return loss;
});
const losses: number[] = [];
for (let i = 0; i < steps; i++) {
  const loss = await step(x);
  losses.push(await loss.item());
  parentPort!.postMessage({ step: i });
}
parentPort!.postMessage({ losses });
