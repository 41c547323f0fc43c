import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Dataset,
  type Model,
  NDArray,
  Sequential,
  type Sym,
  augment,
  compile,
  layers,
  loadModel,
  mixedPrecision,
  ops,
  setSeed,
  tensor,
  utils,
} from 'nodegrad';
import { Driver } from './driver.js';
import { nets } from './nets/index.js';
import { minimum } from './statistics.js';

const ROUNDS = 5;
// Threads of the side that has just worked still spin for a few milliseconds.
const PAUSE_MS = 30;
const PICTURES = 1024;
const TABLE = { rows: 1_000_000, columns: 20 };

/** What one way of data costs against another. */
export interface InputResult {
  what: string;
  /** Milliseconds. */
  ours: number;
  against: string;
  theirs: number;
  /** Of ours over theirs, or in milliseconds. */
  bound: string;
}

type Side = () => Promise<number>;
type Log = (result: InputResult) => void;

/** The least time of both sides, interleaved. The first run of each is not counted: it makes plans and warms caches. */
async function alternate(
  ours: Side,
  theirs: Side,
  rounds = ROUNDS,
): Promise<{ ours: number; theirs: number }> {
  const sides = [ours, theirs].map((side) => ({ side, times: [] as number[] }));
  for (let round = -1; round < rounds; round++)
    for (const { side, times } of sides) {
      await sleep(PAUSE_MS);
      const ms = await side();
      if (round >= 0) times.push(ms);
    }
  const [mine, other] = sides.map(({ times }) => minimum(times));
  return { ours: mine!, theirs: other! };
}

async function elapsed(run: () => Promise<unknown>, parts = 1): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / parts;
}

/** The layers that the bench changes images with. */
const augmentations = () => [
  layers.randomFlip({ mode: 'horizontal' }),
  layers.randomRotation({ factor: 0.05 }),
  layers.randomZoom({ heightFactor: 0.1 }),
  layers.randomTranslation({ heightFactor: 0.1, widthFactor: 0.1 }),
  layers.randomContrast({ factor: [0.2, 0.2] }),
];

/** A net of the bench after other layers. */
function withHead(name: string, shape: readonly number[], head: layers.Layer[]): Model {
  mixedPrecision.setDtypePolicy('float32');
  setSeed(1);
  const net = nets[name]!;
  const model = new Sequential([layers.input({ shape: [...shape] }), ...head, net.build(net.size)]);
  model.compile(net.compile());
  return model;
}

const bytesOf = (count: number) => new Uint8Array(count).map((_, i) => (i * 2654435761) >>> 24);
const rescaling = () => layers.rescaling({ scale: 1 / 255 });

/** `fit` on bytes, which it shuffles, gathers, casts and changes, over the bare step, which has its floats ready. */
async function overTheStep(name: string, steps: number, head: () => layers.Layer[], bound: string, log: Log) {
  const { batch, size, data } = nets[name]!;
  const channels = data(1, size).x.shape[3]!;
  const shape = [size, size, channels];
  const samples = batch * steps;
  const { y } = data(samples, 1);
  const numbers = size * size * channels;
  const bytes = bytesOf(samples * numbers);
  const [x, labels] = [tensor(new NDArray(bytes, [samples, ...shape])), tensor(y)];
  const floats = Float32Array.from(bytes.subarray(0, batch * numbers), (n) => n / 255);
  const images = tensor(new NDArray(floats, [batch, ...shape]));
  const first = tensor(new NDArray(y.data.slice(0, batch), [batch]));
  const added = head();
  const fitted = withHead(name, shape, [...added, rescaling()]);
  const bare = withHead(name, shape, []);
  const step = async () => {
    for (let i = 0; i < steps; i++) await bare.trainOnBatch(images, first);
  };
  const times = await alternate(
    () => elapsed(() => fitted.fit(x, labels, { batchSize: batch, verbose: 0 }), steps),
    () => elapsed(step, steps),
  );
  const what = added.length > 0 ? 'augmented' : 'plain';
  log({
    what: `${name} @${batch}, fit on bytes, ${what}: a step`,
    ...times,
    against: 'the bare step',
    bound,
  });
  for (const made of [fitted, bare, x, labels, images, first]) made.dispose();
}

/** The same changes of a batch by `Dataset.map(augment(…))` and by torchvision, image by image in two processes. */
async function againstTorchvision(images: number, size: number, driver: Driver, log: Log): Promise<void> {
  const x = tensor(new NDArray(bytesOf(images * size * size * 3), [images, size, size, 3]));
  const change = augment(augmentations(), { seed: 1 });
  const begin = compile((images: Sym) => ops.slice(images, [0, 0, 0, 0], [1, 1, 1, 1]));
  let step = 0;
  const ours = async () => {
    const changed = change(x, step++, 0);
    const first = await begin(changed); // waits for the engine, and copies nothing
    await first.data();
    for (const made of [changed, first]) made.dispose();
  };
  const count = 8;
  const times = await alternate(
    async () => {
      const batches: number[] = [];
      for (let i = 0; i < count; i++) batches.push(await elapsed(ours));
      return minimum(batches);
    },
    async () =>
      minimum((await driver.ask<{ times: number[] }>({ command: 'augment', images, size, count })).times),
  );
  log({
    what: `augmentation of ${images} images ${size}×${size}×3`,
    ...times,
    against: 'torchvision, v2',
    bound: '≤ 0.2',
  });
  x.dispose();
}

/** `fit` of `cells` on the same pictures from files and from memory. */
async function fromFiles(folder: string, driver: Driver, log: Log): Promise<void> {
  const { batch, size } = nets['cells']!;
  await driver.ask({ command: 'pictures', folder, images: PICTURES, size });
  const [file, pixels, table] = [join(folder, 'pictures.h5'), size * size * 3, { batchSize: batch }];
  const shape = [size, size, 3];
  const whole = Dataset.hdf5(file, ['images', 'labels'], { batchSize: PICTURES });
  const [[images, labels]] = (await whole.toArray()) as [[NDArray, NDArray]];
  const flat = new NDArray(images.data, [PICTURES, pixels]);
  const pictures = await utils.imageDatasetFromDirectory(join(folder, 'pictures'), {
    imageSize: size,
    ...table,
  });
  const columns = { label: 'label', features: 'array', ...table } as const;
  const types = Object.fromEntries(Array.from({ length: pixels }, (_, i) => [`p${i}`, 'float32' as const]));
  const ways: Record<string, { dataset: Dataset; isFlat?: boolean }> = {
    'HDF5, gzip': { dataset: Dataset.hdf5(file, ['images', 'labels'], table) },
    'a folder of JPEGs': { dataset: pictures },
    Parquet: { dataset: Dataset.parquet(join(folder, 'pictures.parquet'), columns), isFlat: true },
    CSV: { dataset: Dataset.csv(join(folder, 'pictures.csv'), { types, ...columns }), isFlat: true },
  };
  const all = Object.entries(ways).flatMap(([name, { dataset, isFlat = false }]) => [
    { name, dataset, isFlat },
    { name: `${name}, cached`, dataset: dataset.cache(), isFlat },
  ]);
  for (const { name, dataset, isFlat } of all) {
    const [x, head] = isFlat ? [flat, [layers.reshape({ targetShape: shape })]] : [images, []];
    const model = withHead('cells', x.shape.slice(1), [...head, rescaling()]);
    const steps = PICTURES / batch;
    let most = 0;
    const before = process.memoryUsage.rss();
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
    const times = await alternate(
      () =>
        elapsed(() => model.fit(dataset as Dataset<[NDArray, NDArray]>, undefined, { verbose: 0 }), steps),
      () => elapsed(() => model.fit(x, labels, { batchSize: batch, verbose: 0 }), steps),
      3,
    );
    clearInterval(watch);
    const grown = Math.round((most - before) / 1e6);
    const what = `cells @${batch}, fit on ${name}: a step (memory + ${grown} MB)`;
    log({ what, ...times, against: 'arrays in memory', bound: '≤ 1.05' });
    model.dispose();
  }
}

/** Reading a table of numbers, against pandas. */
async function againstPandas(folder: string, driver: Driver, log: Log): Promise<void> {
  const path = join(folder, 'table.csv');
  await driver.ask({ command: 'table', path, ...TABLE });
  const ours = async () => {
    let rows = 0;
    for await (const { shape } of Dataset.csv(path, { features: 'array', batchSize: 1 << 16 }))
      rows += shape[0]!;
    if (rows !== TABLE.rows) throw new Error(`expected ${TABLE.rows} rows, read ${rows}`);
  };
  const times = await alternate(
    () => elapsed(ours),
    async () => minimum((await driver.ask<{ times: number[] }>({ command: 'csv', path, count: 1 })).times),
    3,
  );
  log({ what: 'CSV of 1,000,000 × 20 numbers', ...times, against: 'pandas, C reader', bound: '< 1' });
}

/** Loading a model of 100 MB, against Keras. */
async function againstKeras(folder: string, driver: Driver, log: Log): Promise<void> {
  const [path, named] = [join(folder, 'model.keras'), join(folder, 'model.safetensors')];
  await driver.ask({ command: 'model', path });
  const model = await loadModel(path);
  await model.saveWeights(named);
  const theirs = async () =>
    minimum((await driver.ask<{ times: number[] }>({ command: 'load', path, count: 1 })).times);
  const loaded = async () => (await loadModel(path)).dispose();
  const times = await alternate(() => elapsed(loaded), theirs);
  log({ what: 'loading 100 MB, .keras', ...times, against: 'Keras', bound: '≤ 1.5' });
  const weights = await alternate(() => elapsed(() => model.loadWeights(named)), theirs);
  log({ what: 'loading 100 MB, safetensors', ...weights, against: 'Keras, .keras', bound: '< 150 ms' });
  model.dispose();
}

/**
 * What the way of the data costs: `fit` on bytes, augmented and from files, over the bare step and arrays in memory, and readers against
 * those of Python.
 *
 * @param withPeers Whether the peers of other languages run, too; they also write the files.
 */
export async function measureInput(threads: number, withPeers: boolean, log: Log): Promise<void> {
  await overTheStep('mnist', 20, () => [], '≤ 1.03', log);
  await overTheStep('cells', 10, () => [], '≤ 1.03', log);
  await overTheStep('cells', 10, augmentations, '≤ 1.05', log);
  await overTheStep('resnet18', 6, augmentations, '≤ 1.05', log);
  if (!withPeers) return;
  const folder = mkdtempSync(join(tmpdir(), 'nodegrad-bench-'));
  const driver = new Driver('input', [String(threads)], threads);
  try {
    await againstTorchvision(64, 64, driver, log);
    await againstTorchvision(16, 224, driver, log);
    await againstPandas(folder, driver, log);
    await againstKeras(folder, driver, log);
    await fromFiles(folder, driver, log);
  } finally {
    driver.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
