import { firstOf, itemAt } from '../lib/base/list.js';
import { NDArray, Sequential, callbacks, layers, optimizers } from 'nodegrad';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

type Nested = number | Nested[];
type Arrays = [x: Nested[], y: Nested[], weights?: Nested[]];

/** A run of test/fixtures/make_fit.py. */
interface Run {
  kind: 'samples' | 'steps' | 'classes';
  x: Nested[];
  y: Nested[];
  weights: Nested[] | null;
  /** The batches' size where the data is an iterable. */
  iterable: number | null;
  fit: Record<string, never>;
  validation: { arrays: Arrays; batches: number | null } | null;
  start: Nested[];
  history: Record<string, number[]>;
  epoch: number[];
  steps: number[];
  trained: Nested[];
  measure: Record<string, never>;
  logs: Record<string, number>;
  predicted: Nested;
}

const runs = JSON.parse(readFileSync(new URL('fixtures/fit.json', import.meta.url), 'utf8')) as Run[];

const flat = (data: Nested): number[] => (Array.isArray(data) ? data.flatMap(flat) : [data]);

/** Begins anew each time. */
const batchesOf = (arrays: Arrays, size: number) => ({
  *[Symbol.iterator]() {
    for (let i = 0; i < arrays[0].length; i += size)
      yield arrays.map((array) => array!.slice(i, i + size)) as unknown as readonly [Nested[], Nested[]];
  },
});

const camel = (options: Record<string, never>) =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replace(/_./g, (part) => part[1]!.toUpperCase()),
      value,
    ]),
  );

function modelOf({ kind, start }: Run): Sequential {
  const classes = kind === 'classes';
  const model = new Sequential([
    layers.input({ shape: kind === 'steps' ? [3, 2] : [2] }),
    layers.dense({ units: classes ? 3 : 2, ...(classes && { activation: 'softmax' }) }),
  ]);
  model.compile({
    optimizer: optimizers.sgd({ learningRate: 0.05 }),
    loss: classes ? 'sparseCategoricalCrossentropy' : 'mse',
    metrics: classes ? ['accuracy'] : ['mae'],
    ...(!classes && { weightedMetrics: ['mse'] }),
  });
  model.setWeights(start);
  return model;
}

/** Keras and this engine sum float32 in another order: some roundings of numbers up to 10, over at most 20 steps. */
function expectNear(actual: ArrayLike<number>, expected: Nested, what: string): void {
  const wanted = flat(expected);
  expect(actual.length, what).toBe(wanted.length);
  wanted.forEach((value, i) => {
    expect(Math.abs(actual[i]! - value), `${what} ${i}`).toBeLessThan(2e-5 * Math.max(1, Math.abs(value)));
  });
}

describe('runs with random options are those of Keras', () => {
  it.each(runs.map((run, i) => [i, run] as const))('%d', async (_, run) => {
    const model = modelOf(run);
    const steps: number[] = [];
    const count = callbacks.lambdaCallback({
      onEpochBegin: () => void steps.push(0),
      onTrainBatchEnd: () => {
        steps[steps.length - 1]!++;
      },
    });
    const { validation } = run;
    const arrays: Arrays = run.weights ? [run.x, run.y, run.weights] : [run.x, run.y];
    const options = {
      ...camel(run.fit),
      ...(validation && {
        validationData: validation.batches
          ? batchesOf(validation.arrays, validation.batches)
          : validation.arrays,
      }),
      callbacks: [count],
      verbose: 0 as const,
    };
    const sampleWeight = run.weights ?? undefined;
    const { epoch, history } = run.iterable
      ? await model.fit(batchesOf(arrays, run.iterable), options)
      : await model.fit(run.x, run.y, { ...options, shuffle: false, sampleWeight });
    expect(epoch).toEqual(run.epoch);
    expect(steps).toEqual(run.steps);
    expect(Object.keys(history).sort()).toEqual(Object.keys(run.history).sort());
    for (const [name, values] of Object.entries(run.history)) expectNear(history[name]!, values, name);
    const trained = await model.getWeights();
    trained.forEach((weight, i) => {
      expectNear(weight.data, itemAt(run.trained, i), `weight ${i}`);
    });
    const measure = camel(run.measure);
    const logs = await model.evaluate(run.x, run.y, { ...measure, verbose: 0, sampleWeight });
    for (const [name, value] of Object.entries(run.logs)) expectNear([logs[name]!], value, name);
    const shape = [run.x.length, ...firstOf(model.inputs).shape.slice(1)];
    const predicted = await model.predict(new NDArray(Float32Array.from(flat(run.x)), shape), measure);
    expectNear(await predicted.data(), run.predicted, 'predicted');
  });
});
