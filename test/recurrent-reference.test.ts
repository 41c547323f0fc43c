import { atLeast, firstOf, itemAt } from '../lib/base/list.js';
import { type Sym, NDArray, Sequential, compile, grad, layers, ops, tensor } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { factoryName } from '../lib/base/names.js';
import { type Stored, readFixture, worst } from './fixtures/read.js';

interface Config {
  className: string;
  config: Record<string, unknown>;
}
interface Row {
  layer: Config;
  training: boolean;
  x: Stored;
  mask?: Stored;
  states: Stored[];
  weights: Stored[];
  outputs: Stored[];
  factors: Stored[];
  gradients: Stored[];
  after: Stored[];
}
interface StatefulRow {
  layer: Config;
  stateful: true;
  batches: Stored[];
  weights: Stored[];
  outputs: Stored[];
}
interface PaddedRow {
  padded: 'LSTM' | 'GRU' | 'SimpleRNN';
  ids: Stored;
  y: Stored;
  weights: Stored[];
  loss: number[];
  accuracy: number[];
}

const { entries } = readFixture('recurrent') as { entries: (Row | StatefulRow | PaddedRow)[] };
const rows = entries.filter((entry): entry is Row => 'gradients' in entry);
const statefulRows = entries.filter((entry): entry is StatefulRow => 'stateful' in entry);
const paddedRows = entries.filter((entry): entry is PaddedRow => 'padded' in entry);

// Rounding of float32 in sums of up to 60 products of numbers of about 1, passed on through 5 steps and their gradients; sums over
// images and volumes have up to 400. As a share of the largest number.
const BOUND = 400 * 5 * 2 ** -24;

const arrayOf = ({ data, shape, dtype }: Stored) => new NDArray(data, shape, dtype);
const tensorOf = (stored: Stored) => tensor(arrayOf(stored));
const make = ({ className, config }: Config): layers.Layer =>
  (layers as unknown as Record<string, (options: object) => layers.Layer>)[factoryName(className)]!(config);
const short = (config: unknown) => JSON.stringify(config).replaceAll(/"|className|config/g, '');

async function near(actual: { shape: readonly number[]; data(): Promise<unknown> }, expected: Stored) {
  expect([...actual.shape]).toEqual(expected.shape);
  const scale = Math.max(1, ...expected.data.map(Math.abs));
  expect(worst((await actual.data()) as Float32Array, expected.data, scale)).toBeLessThan(BOUND);
}

/** Outputs and gradients of a row, as the fixture has them. */
function run(layer: layers.Layer, row: Row) {
  const count = row.states.length;
  const call = compile((...all: Sym[]) => {
    const [key, x, ...rest] = atLeast(all, 2);
    const [states, factors] = [rest.slice(0, count), rest.slice(count, count + row.factors.length)];
    x.mask = rest[count + row.factors.length];
    const outputs = layer.applyAll([x, ...states], { training: row.training, key });
    const loss = outputs.reduce<Sym>(
      (sum, y, i) => ops.add(sum, ops.sum(ops.multiply(y, itemAt(factors, i)))),
      ops.sum(ops.multiply(x, 0)),
    );
    return { outputs: [...outputs], gradients: grad(loss, [x, ...layer.trainableWeights]) };
  });
  const given = [row.x, ...row.states, ...row.factors, ...(row.mask ? [row.mask] : [])];
  return call(tensor([1, 0], [2], 'int32'), ...given.map(tensorOf));
}

describe('recurrent layers and wrappers give what Keras gives', () => {
  it.each(
    rows.map(
      (row, i) => [`${i} ${short(row.layer)}${row.mask ? ' masked' : ''} ${row.states.length}`, row] as const,
    ),
  )('%s', async (_, row) => {
    const first = make(row.layer);
    // Made again by its configuration, it is the same.
    const layer = make({
      className: first.className,
      config: JSON.parse(JSON.stringify(first.getConfig())) as Record<string, unknown>,
    });
    expect(layer.getConfig()).toEqual(first.getConfig());
    const shapes = [row.x, ...row.states].map(({ shape }) => [-1, ...shape.slice(1)]);
    expect(layer.computeOutputShape(shapes.length > 1 ? shapes : firstOf(shapes))).toEqual([
      -1,
      ...firstOf(row.outputs).shape.slice(1),
    ]);
    layer.setWeights(row.weights.map(arrayOf));
    const { outputs, gradients } = await run(layer, row);
    expect(outputs).toHaveLength(row.outputs.length);
    for (const [i, output] of outputs.entries()) await near(output, itemAt(row.outputs, i));
    for (const [i, gradient] of gradients.entries()) await near(gradient, itemAt(row.gradients, i));
    for (const [i, weight] of layer.weights.entries()) await near(weight, itemAt(row.after, i));
  });
});

describe('stateful layers go on with the next batch, as in Keras', () => {
  it.each(statefulRows.map((row) => [short(row.layer), row] as const))('%s', async (_, row) => {
    const [batch, ...shape] = firstOf(row.batches).shape;
    const layer = make(row.layer) as layers.Layer & { resetState(): void; resetStates(): void };
    const model = new Sequential([layers.input({ shape, batchSize: batch }), layer]);
    model.setWeights(row.weights.map(arrayOf));
    const outputs = [];
    for (const given of row.batches) outputs.push(await model.predict(tensorOf(given)));
    layer.resetState();
    outputs.push(await model.predict(tensorOf(itemAt(row.batches, 1))));
    for (const [i, output] of outputs.entries()) await near(output, itemAt(row.outputs, i));
    layer.resetStates();
    await near(await model.predict(tensorOf(firstOf(row.batches))), firstOf(row.outputs));
  });
});

describe('classifiers of padded text train as in Keras', () => {
  it.each(paddedRows.map((row) => [row.padded, row] as const))('%s', async (kind, row) => {
    const [, length] = atLeast(row.ids.shape, 2);
    const model = new Sequential([
      layers.input({ shape: [length], dtype: 'int32' }),
      layers.embedding({ inputDim: 20, outputDim: 6, maskZero: true }),
      { LSTM: layers.lstm, GRU: layers.gru, SimpleRNN: layers.simpleRNN }[kind]({ units: 8 }),
      layers.dense({ units: 3, activation: 'softmax' }),
    ]);
    model.setWeights(row.weights.map(arrayOf));
    model.compile({
      optimizer: { className: 'Adam', config: { learningRate: 0.02 } },
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['sparseCategoricalAccuracy'],
    });
    const { history } = await model.fit(tensorOf(row.ids), tensorOf(row.y), {
      batchSize: 8,
      epochs: row.loss.length,
      shuffle: false,
      verbose: 0,
    });
    row.loss.forEach((loss, i) => {
      expect(Math.abs(itemAt(history.loss!, i) - loss)).toBeLessThan(1e-5 * loss);
    });
    expect(history.sparseCategoricalAccuracy!.map((value) => value.toFixed(5))).toEqual(
      row.accuracy.map((value) => value.toFixed(5)),
    );
    // It has learned something, so that the losses tell.
    expect(row.loss.at(-1)).toBeLessThan(firstOf(row.loss) / 2);
  });
});
