// A model that is compiled with each loss, metric, optimizer and schedule goes through each format that keeps what a model is compiled with, and
// trains on as the first one does, bit for bit.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type CompileOptions,
  type Sym,
  loadModel,
  losses,
  metrics,
  ops,
  optimizers,
  saving,
} from '../lib/index.js';
import { firstOf } from '../lib/base/list.js';
import {
  type MeasureCase,
  lossCases,
  metricCases,
  optimizerCases,
  predictions,
  scheduleCases,
  targets,
} from './cases/classes.js';
import { type Class, make, through } from './support/classModels.js';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-compiled-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A loss for targets of any shape. */
const meanOfSquares = saving.registerKerasSerializable(
  'compiled',
  'meanOfSquares',
)((_: Sym, yPred: Sym) => ops.mean(ops.square(yPred), { axis: -1 }));

async function expectSameTraining(
  name: string,
  ending: string,
  options: CompileOptions,
  row: MeasureCase = {},
) {
  const { yTrue = targets, yPred = predictions, steps } = row;
  const model = through(firstOf(yPred as number[][]).length, steps);
  model.compile(options);
  for (let step = 0; step < 2; step++) await model.trainOnBatch(yPred, yTrue);
  const path = join(folder, `${name}${ending}`);
  await model.save(path);
  const again = (await loadModel(path)) as typeof model;
  expect(again.getCompileConfig()).toEqual(model.getCompileConfig());
  const after = [];
  for (const one of [model, again]) {
    const logs = await one.trainOnBatch(yPred, yTrue);
    const variables = [...one.weights, ...one.compiledOptimizer!.variables];
    after.push({ logs, numbers: await Promise.all(variables.map((variable) => variable.data())) });
    expect(Object.values(logs).every(Number.isFinite)).toBe(true);
  }
  expect(after[1]).toEqual(after[0]);
}

const sgd = () => optimizers.sgd({ learningRate: 0.5, momentum: 0.5 });
const made = (space: object, name: string, row: { options?: unknown }) =>
  make((space as Record<string, Class<never>>)[name]!, row.options as never);

describe.each(['.keras', '.h5'])('in %s', (ending) => {
  it.each(Object.entries(lossCases))('the loss %s', (name, row) =>
    expectSameTraining(name, ending, { optimizer: sgd(), loss: made(losses, name, row) }, row),
  );

  const measured = Object.entries(metricCases).filter(([, { isAlone = false }]) => !isAlone);
  it.each(measured)('the metric %s', (name, row) =>
    expectSameTraining(
      name,
      ending,
      { optimizer: sgd(), loss: meanOfSquares, metrics: [made(metrics, name, row)] },
      row,
    ),
  );

  it.each(Object.entries(optimizerCases))('the optimizer %s', (name, options) =>
    expectSameTraining(name, ending, {
      optimizer: made(optimizers, name, { options }),
      loss: losses.meanSquaredError(),
    }),
  );

  it.each(Object.entries(scheduleCases))('the schedule %s', (name, options) =>
    expectSameTraining(name, ending, {
      optimizer: optimizers.sgd({ learningRate: made(optimizers.schedules, name, { options }) }),
      loss: losses.meanSquaredError(),
    }),
  );
});
