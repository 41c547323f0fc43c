// Trainings that fail at a step and go on in another model, from a folder: the results have to be those of one without a failure.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { itemAt } from '../lib/base/list.js';
import {
  Dataset,
  type Model,
  NDArray,
  Sequential,
  callbacks,
  layers,
  metrics,
  optimizers,
  setSeed,
} from '../lib/index.js';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-resume-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SAMPLES = 22;
const FEATURES = 4;
const numbers = (count: number, from: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(from + 1.7 * i));
const x = new NDArray(numbers(SAMPLES * FEATURES, 1), [SAMPLES, FEATURES]);
const y = new NDArray(
  numbers(SAMPLES, 2).map((value) => (value > 0 ? 1 : 0)),
  [SAMPLES, 1],
);
const pairs = () => Dataset.fromArrays(x, y);
type Given = Parameters<Model['fit']>;

const plain = () => [
  layers.input({ shape: [FEATURES] }),
  layers.dense({ units: 6, activation: 'tanh' }),
  layers.batchNormalization(),
  layers.dropout({ rate: 0.3 }),
  layers.dense({ units: 1, activation: 'sigmoid' }),
];
const compiled = (
  made: ReturnType<typeof plain>,
  options: Partial<Parameters<Model['compile']>[0]> = {},
  dtypePolicy: 'float32' | 'mixedBfloat16' = 'float32',
) => {
  const model = new Sequential(made, { dtypePolicy });
  const optimizer = optimizers.adam({ learningRate: 0.05 });
  model.compile({ optimizer, loss: 'binaryCrossentropy', metrics: ['accuracy', metrics.auc()], ...options });
  return model;
};

interface Training {
  model?: () => Sequential;
  /** What `fit` takes. Default: arrays in batches of 4, 6 steps. */
  data?: () => readonly [x: unknown, y: unknown, options: object];
}
const arrays = (options: object = {}) => [x, y, { batchSize: 4, ...options }] as const;
/** Batches of samples, each time from the first one. */
const again = {
  *[Symbol.iterator]() {
    for (let i = 0; i < 5; i++) yield [x.data, y.data].map((data, j) => {
      const size = j === 0 ? FEATURES : 1;
      return new NDArray((data as Float32Array).slice(i * 4 * size, (i + 1) * 4 * size), [4, size]);
    });
  },
}; // prettier-ignore
const images = new NDArray(numbers(8 * 6 * 6 * 3, 3), [8, 6, 6, 3]);
const sequences = new NDArray(numbers(12 * 3 * 2, 4), [12, 3, 2]);

const trainings: Record<string, Training> = {
  arrays: {},
  'steps of arrays that do not divide a pass': { data: () => arrays({ stepsPerEpoch: 4, batchSize: 4 }) },
  'a validation after each epoch': { data: () => arrays({ validationSplit: 0.3 }) },
  'several steps an execution': { model: () => compiled(plain(), { stepsPerExecution: 2 }) },
  'averages and accumulated gradients in bfloat16': {
    model: () => {
      const optimizer = optimizers.adamW({ learningRate: 0.05, useEma: true, emaMomentum: 0.9, emaOverwriteFrequency: 5, gradientAccumulationSteps: 2 }); // prettier-ignore
      return compiled(plain(), { optimizer }, 'mixedBfloat16');
    },
  },
  'a schedule': {
    model: () => {
      const learningRate = optimizers.schedules.cosineDecay({ initialLearningRate: 0.1, decaySteps: 20 });
      return compiled(plain(), { optimizer: optimizers.sgd({ learningRate, momentum: 0.9 }) });
    },
  },
  'eager steps': { model: () => compiled(plain(), { runEagerly: true }) },
  iterables: { data: () => [again, undefined, {}] },
  'steps of iterables': { data: () => [again, undefined, { stepsPerEpoch: 3 }] },
  'a shuffled dataset': { data: () => [pairs().shuffle(10).batch(4), undefined, {}] },
  'a dataset of unknown size': {
    data: () => [pairs().filter((_, i) => i % 5 !== 1).shuffle(7).batch(3), undefined, {}],
  }, // prettier-ignore
  'steps of a dataset': {
    data: () => [pairs().shuffle(9).repeat().batch(4).prefetch(2), undefined, { stepsPerEpoch: 4 }],
  },
  'steps that end with the pass of a dataset': {
    data: () => [pairs().filter(() => true).shuffle(9).batch(4), undefined, { stepsPerEpoch: 3 }],
  }, // prettier-ignore
  'interleaved datasets and workers': {
    data: () => {
      const parts = Dataset.fromArrays([0, 1, 2]).shuffle(3);
      const rows = parts.interleave((part) => pairs().skip(7 * itemAt(part.data, 0)).take(7), {
        cycleLength: 2,
      });
      const module = new URL('support/mapInWorker.mjs', import.meta.url);
      return [rows.parallel(2, module, 'keep').batch(4), undefined, {}];
    },
  }, // prettier-ignore
  'random images': {
    model: () =>
      compiled([
        layers.input({ shape: [6, 6, 3] }),
        layers.randomFlip(),
        layers.randomRotation({ factor: 0.2 }),
        layers.flatten(),
        layers.dense({ units: 1, activation: 'sigmoid' }),
      ] as never),
    data: () => [images, y.data.slice(0, 8), { batchSize: 2 }],
  },
  'states of a recurrent layer': {
    model: () =>
      compiled([
        layers.input({ shape: [3, 2], batchSize: 2 }),
        layers.lstm({ units: 3, stateful: true }),
        layers.dense({ units: 1, activation: 'sigmoid' }),
      ] as never),
    data: () => [sequences, y.data.slice(0, 12), { batchSize: 2 }],
  },
};

describe.each(Object.entries(trainings))('%s', (name, { model = () => compiled(plain()), data = arrays }) => {
  /** The results of a training; undefined where it fails at that of its steps. */
  const trained = async (seed: number, backupDir: string, saveFreq: number | 'epoch', failing?: number) => {
    setSeed(seed);
    const net = model();
    const [xs, ys, options] = data();
    let step = 0;
    const fail = callbacks.lambdaCallback({
      onTrainBatchBegin: () => {
        if (step++ === failing) throw new Error('interrupted');
      },
    });
    const reduce = callbacks.reduceLROnPlateau({ monitor: 'loss', patience: 1, minDelta: 0.3, factor: 0.5 });
    const early = callbacks.earlyStopping({ monitor: 'loss', patience: 9, restoreBestWeights: true });
    const backup = callbacks.backupAndRestore({ backupDir, saveFreq });
    const scheduled = name === 'a schedule' ? [] : [reduce];
    const run = net.fit(
      ...([
        xs,
        ys,
        { epochs: 4, verbose: 0, ...options, callbacks: [...scheduled, early, backup, fail] },
      ] as unknown as Given),
    );
    if (failing !== undefined) {
      await expect(run).rejects.toThrow('interrupted');
      return undefined;
    }
    const { epoch, history } = await run;
    return {
      batches: step,
      epoch,
      history,
      weights: await net.getWeights(),
      slots: await net.optimizer.getWeights(),
    };
  };

  it.each<[number | 'epoch', number]>([
    ['epoch', 0.6],
    [1, 0.05],
    [1, 0.3],
    [2, 0.4],
    [3, 0.8],
  ])('saved each %s and interrupted after %d of it', async (saveFreq, part) => {
    const at = join(folder, name, `${saveFreq}-${part}`);
    const alone = await trained(1, join(at, 'alone'), saveFreq);
    const { batches, ...results } = alone!;
    await trained(1, join(at, 'broken'), saveFreq, Math.ceil(batches * part));
    const resumed = await trained(2, join(at, 'broken'), saveFreq);
    expect({ ...resumed, batches }).toEqual({ ...results, batches });
  });
});
