/**
 * Training from generators: data that is never in memory as a whole.
 *
 * First many digits, each moved at random, are written into files, one after another. Then an asynchronous generator reads them again, a
 * few at a time and in another order of the files each pass; a Dataset shuffles what passes through a buffer and makes batches, and `fit`
 * asks for the next two while it trains. The figure is how much the memory of the process grows, over the size of the data.
 *
 *     npm run example generators -- --gigabytes 2
 */
import { open, rm, writeFile } from 'node:fs/promises';
import { Dataset, NDArray, Sequential, callbacks, datasets, layers, visualization } from 'nodegrad';
import { example } from './support/example.js';
import { permutation, random } from './support/random.js';

const { quick, flags, out, figure } = example({ gigabytes: '', seed: '1' });
const seed = Number(flags.seed);
const PIXELS = 28 * 28;
/** A record is a picture in float32 and its class. */
const RECORD = PIXELS + 1;
const RECORDS_A_FILE = 5000;
const bytes = RECORDS_A_FILE * RECORD * 4;
const count = Math.ceil((Number(flags.gigabytes || (quick ? 0.15 : 0.5)) * 1e9) / bytes);

/** Digits, each moved by up to two pixels, as the bytes of a file. */
function records({ images, labels }: { images: NDArray; labels: NDArray }, next: () => number): Float32Array {
  const data = new Float32Array(RECORDS_A_FILE * RECORD);
  for (let i = 0; i < RECORDS_A_FILE; i++) {
    const from = Math.floor(next() * images.length);
    const shift = Math.floor(next() * 5 - 2) * 28 + Math.floor(next() * 5 - 2);
    for (let k = 0; k < PIXELS; k++) {
      const inside = k - shift >= 0 && k - shift < PIXELS;
      data[i * RECORD + k] = inside ? images.data[from * PIXELS + k - shift]! : 0;
    }
    data[i * RECORD + PIXELS] = labels.data[from]!;
  }
  return data;
}
const { train, test } = await datasets.mnist();
const files = Array.from({ length: count }, (_, i) => out(`part-${i}.bin`));
const next = random(seed);
for (const file of files) await writeFile(file, records(train, next));

let opened = 0;
/** The records of all files, as pairs of a picture and its class. */
async function* read(pass: number): AsyncGenerator<[NDArray, number]> {
  for (const i of permutation(files.length, random(seed + pass))) {
    const file = await open(files[i]!);
    opened++;
    try {
      for (let at = 0; at < RECORDS_A_FILE; at += 100) {
        const block = new Float32Array(100 * RECORD);
        await file.read(block, 0, block.byteLength);
        for (let from = 0; from < block.length; from += RECORD) {
          const picture = block.subarray(from, from + PIXELS);
          yield [new NDArray(picture, [28, 28, 1]), block[from + PIXELS]!];
        }
      }
    } finally {
      await file.close();
    }
  }
}
const cardinality = files.length * RECORDS_A_FILE;
const data = Dataset.fromGenerator(read, { cardinality }).shuffle(2000, { seed }).batch(64);

const conv = (filters: number) =>
  layers.conv2d({ filters, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' });
const model = new Sequential(
  [
    layers.input({ shape: [28, 28, 1] }),
    layers.rescaling({ scale: 1 / 255 }),
    conv(16),
    conv(32),
    layers.flatten(),
    layers.dense({ units: 10, activation: 'softmax' }),
  ],
  { seed },
);
model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });

const memory: number[] = [];
const watch = callbacks.lambdaCallback({
  onTrainBatchEnd: () => void memory.push(process.memoryUsage.rss() / 1e6),
});
const begin = process.memoryUsage.rss() / 1e6;
await model.fit(data, undefined, { epochs: 1, verbose: 0, callbacks: [watch] });
const { accuracy } = await model.evaluate(test.images, test.labels, { verbose: 0 });
await visualization.plotLines(
  { 'memory of the process': memory, data: memory.map((_, i) => (i * 64 * RECORD * 4) / 1e6) },
  { xLabel: 'batch', yLabel: 'megabytes', path: out('memory.svg') },
);
await Promise.all(files.map((file) => rm(file)));

const size = (files.length * bytes) / 1e6;
const growth = Math.max(...memory) - begin;
console.log(`${opened} files read, ${size.toFixed(0)} MB; the process has grown by ${growth.toFixed(0)} MB`);
figure('growth of memory over the size of the data', growth / size, { atMost: 0.5 });
figure('test accuracy', accuracy!, { atLeast: 0.94 });
