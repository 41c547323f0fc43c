/**
 * Two trained nets compute in whole numbers of 8 bits: what that costs in accuracy, and what it saves in time.
 *
 * The nets of `mnist` and `cells` are trained in float32. Then `quantize` makes their convolutions and dense layers multiply bytes: once
 * with the ranges that 512 samples show (static), once with those of each sample (dynamic). The times are of `predictOnBatch`, the median of
 * runs that alternate, against float32 and bfloat16.
 *
 *     npm run example int8 -- --epochs 3 --seed 1
 */
import { Sequential, datasets, layers, ops, optimizers, tensor, type NDArray, type Tensor } from 'nodegrad';
import { readCells, writeCells } from './data/cells.js';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ epochs: '', seed: '1', rounds: '100' });
const seed = Number(flags.seed);
const rounds = quick ? 5 : Number(flags.rounds);

type Policy = 'float32' | 'mixedBfloat16';
interface Task {
  readonly name: string;
  readonly batch: number;
  build(policy: Policy): Sequential;
  train(model: Sequential): Promise<unknown>;
  /** Samples to calibrate with, which training has seen. */
  readonly typical: NDArray;
  readonly images: NDArray;
  readonly labels: NDArray;
}

const digits = await datasets.mnist();
const mnist: Task = {
  name: 'mnist',
  batch: 128,
  build: (dtypePolicy) =>
    new Sequential(
      [
        layers.input({ shape: [28, 28, 1] }),
        layers.rescaling({ scale: 1 / 255 }),
        layers.conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
        layers.conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.dropout({ rate: 0.25 }),
        layers.flatten(),
        layers.dense({ units: 128, activation: 'relu' }),
        layers.dropout({ rate: 0.5 }),
        layers.dense({ units: 10, activation: 'softmax' }),
      ],
      { seed, dtypePolicy },
    ),
  train: (model) => {
    const count = quick ? 12_000 : digits.train.images.length;
    const epochs = quick ? 1 : Number(flags.epochs || 3);
    const { images, labels } = digits.train;
    return model.fit(images.slice(0, count), labels.slice(0, count), { batchSize: 128, epochs, seed });
  },
  typical: digits.train.images.slice(0, 512),
  ...digits.test,
};

const file = out('cells.h5');
await writeCells(file);
const slide = readCells(file, ['images', 'labels']);
const [[typical], [images, labels]] = (await Promise.all(
  [slide.train.take(512).batch(512), slide.test.batch(100_000)].map(async (set) => (await set.toArray())[0]),
)) as [[NDArray], [NDArray, NDArray]];
const block = (filters: number, pool: boolean) => [
  layers.conv2d({ filters, kernelSize: 3, padding: 'same' }),
  layers.batchNormalization({ momentum: 0.95 }),
  layers.activation({ activation: 'relu' }),
  ...(pool ? [layers.maxPooling2d({ poolSize: 2 })] : []),
];
const cells: Task = {
  name: 'cells',
  batch: 64,
  build: (dtypePolicy) =>
    new Sequential(
      [
        layers.input({ shape: [64, 64, 3] }),
        layers.rescaling({ scale: 1 / 255 }),
        layers.randomFlip({ mode: 'horizontalAndVertical', seed }),
        ...block(32, false),
        ...block(64, true),
        ...block(128, true),
        ...block(256, true),
        layers.dropout({ rate: 0.25 }),
        layers.globalAveragePooling2d(),
        layers.dense({ units: 128, activation: 'relu' }),
        layers.dropout({ rate: 0.5 }),
        layers.dense({ units: 2, activation: 'softmax' }),
      ],
      { seed, dtypePolicy },
    ),
  train: (model) =>
    model.fit(
      (quick ? slide.train.take(96) : slide.train).shuffle(1000, { seed }).batch(quick ? 8 : 16),
      undefined,
      {
        epochs: quick ? 2 : Number(flags.epochs || 8),
      },
    ),
  typical,
  images,
  labels,
};

for (const task of [mnist, cells]) {
  const trained = task.build('float32');
  const loss = task === mnist ? 'sparseCategoricalCrossentropy' : 'categoricalCrossentropy';
  const compile = (model: Sequential) => {
    model.compile({ optimizer: optimizers.adadelta({ learningRate: 1 }), loss, metrics: ['accuracy'] });
  };
  compile(trained);
  await task.train(trained);
  const weights = await trained.getWeights();
  const like = (policy: Policy) => {
    const model = task.build(policy);
    model.setWeights(weights);
    compile(model);
    return model;
  };
  const models: Record<string, Sequential> = {
    float32: trained,
    bfloat16: like('mixedBfloat16'),
    'int8 static': like('float32'),
    'int8 dynamic': like('float32'),
  };
  await models['int8 static']!.quantize('int8', { calibration: task.typical });
  await models['int8 dynamic']!.quantize('int8');

  const batch = ops.cast(tensor(task.images.slice(0, task.batch)), 'float32');
  const times: Record<string, number[]> = {};
  for (let round = -3; round < rounds; round++) {
    for (const [name, model] of Object.entries(models)) {
      const start = performance.now();
      const output: Tensor = await model.predictOnBatch(batch);
      await output.data();
      const time = performance.now() - start;
      output.dispose();
      if (round >= 0) (times[name] ??= []).push(time);
    }
  }
  const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1]!;
  const accuracies: Record<string, number> = {};
  for (const [name, model] of Object.entries(models)) {
    const { accuracy } = await model.evaluate(task.images, task.labels, { verbose: 0 });
    accuracies[name] = accuracy!;
    const line = [
      `${task.name} ${name}`.padEnd(20),
      `accuracy ${accuracy!.toFixed(4)}`,
      `${median(times[name]!).toFixed(2)} ms for ${task.batch} samples`,
    ];
    console.log(line.join('  '));
  }
  for (const name of ['int8 static', 'int8 dynamic'])
    figure(`accuracy of ${task.name} that ${name} loses`, accuracies['float32']! - accuracies[name]!, {
      atMost: 0.005,
    });
}
