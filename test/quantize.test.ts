import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Layer } from '../lib/layers/layer.js';
import type { QuantizeOptions } from '../lib/models/quantize.js';
import { Model, Sequential, cloneModel, layers, loadModel, modelFromJson, ops, tensor } from 'nodegrad';
import { afterAll, describe, expect, it } from 'vitest';
import { itemAt } from '../lib/base/list.js';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-quantize-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Numbers between two, the same each time. */
function numbers(count: number, low: number, high: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + ((high - low) * state) / 2 ** 32;
  });
}

const configOf = (layer: Layer) => layer.getConfig()['quantizationConfig'];

const dense = () =>
  new Sequential([
    layers.input({ shape: [12] }),
    layers.dense({ units: 16, activation: 'relu', name: 'first' }),
    layers.dense({ units: 5, name: 'second' }),
  ]);
const images = () =>
  new Sequential([
    layers.input({ shape: [8, 8, 3] }),
    layers.conv2d({ filters: 16, kernelSize: 3, padding: 'same', useBias: false, name: 'conv' }),
    layers.batchNormalization(),
    layers.relu(),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.conv2d({ filters: 8, kernelSize: 3, groups: 2, activation: 'tanh', name: 'grouped' }),
    layers.flatten(),
    layers.dense({ units: 4, activation: 'softmax', name: 'head' }),
  ]);

/**
 * How far off a dense layer's outputs may be for a row: a weight is off by half a step of its column, an input by what came off before and
 * half a step of the input.
 */
function bounds(
  kernel: ArrayLike<number>,
  units: number,
  row: readonly number[],
  off: readonly number[],
  step: number,
) {
  return Array.from({ length: units }, (_, unit) => {
    const column = row.map((_, k) => Math.abs(kernel[k * units + unit]!));
    const weightOff = Math.max(...column) / 127 / 2;
    return row.reduce((sum, x, k) => {
      const inputOff = itemAt(off, k) + step / 2;
      return sum + (Math.abs(x) + inputOff) * weightOff + itemAt(column, k) * inputOff;
    }, 1e-5);
  });
}

describe('quantize', () => {
  it.each(['dynamic', 'static'])('rounds by half a step at most: %s', async (kind) => {
    const model = dense();
    const low = kind === 'static' ? 0 : -1;
    const data = numbers(20 * 12, low, 1);
    const x = tensor(data, [20, 12]);
    const hidden = new Model({ inputs: model.inputs, outputs: model.getLayer('first').output as never });
    const before = await (await model.predict(x)).data();
    const inner = await (await (hidden.predict(x) as unknown as Promise<ReturnType<typeof tensor>>)).data();
    await model.quantize('int8', kind === 'static' ? { calibration: x } : {});
    const after = await (await model.predict(x)).data();
    expect(after).not.toEqual(before);
    const [first, , second] = await model.getWeights();
    const stepOf = (list: ArrayLike<number>, all: ArrayLike<number>) =>
      kind === 'static' ? Math.max(...Array.from(all)) / 255 : Math.max(...Array.from(list, Math.abs)) / 127;
    for (let n = 0; n < 20; n++) {
      const row = Array.from(data.slice(12 * n, 12 * n + 12));
      const middle = Array.from(inner.slice(16 * n, 16 * n + 16));
      const off = bounds(
        first!.data,
        16,
        row,
        row.map(() => 0),
        stepOf(row, data),
      );
      // The range of the second layer is that of inputs that are off themselves.
      const step = stepOf(middle, inner) + Math.max(...off) / 127;
      const bound = bounds(second!.data, 5, middle, off, step);
      for (let unit = 0; unit < 5; unit++)
        expect(Math.abs(after[5 * n + unit]! - before[5 * n + unit]!)).toBeLessThan(itemAt(bound, unit));
    }
  });

  it('gives a sample the same numbers in any batch, with the ranges of samples', async () => {
    const model = images();
    await model.quantize('int8');
    const x = tensor(numbers(6 * 192, -2, 2), [6, 8, 8, 3]);
    const together = await (await model.predict(x)).data();
    const alone = await (await model.predict(x, { batchSize: 1 })).data();
    // Roundings of float32 through three layers and a softmax, whose outputs are at most 1.
    together.forEach((value, i) => expect(Math.abs(value - alone[i]!)).toBeLessThan(1e-5));
  });

  it('keeps the range of each layer over the calibration data', async () => {
    const model = dense();
    const data = numbers(40 * 12, -0.5, 2);
    await model.quantize('int8', { calibration: tensor(data, [40, 12]), batchSize: 7 });
    expect(configOf(model.getLayer('first'))).toEqual({
      mode: 'int8',
      inputRange: [Math.min(...data), Math.max(...data)],
    });
    expect((configOf(model.getLayer('second')) as { inputRange: number[] }).inputRange[0]).toBe(0);
  });

  it('cuts the largest numbers of each batch by percentile', async () => {
    const model = dense();
    const data = Float32Array.from({ length: 10 * 12 }, (_, i) => i);
    await model.quantize('int8', { calibration: tensor(data, [10, 12]), percentile: 90 });
    const { inputRange } = configOf(model.getLayer('first')) as { inputRange: number[] };
    // Of 120 numbers in a row, the places 0.1 · 119 and 0.9 · 119.
    expect(inputRange[0]).toBeCloseTo(11.9, 4);
    expect(inputRange[1]).toBeCloseTo(107.1, 4);
  });

  it('reads calibration data from an iterable, and takes several inputs', async () => {
    const [a, b] = [layers.input({ shape: [3] }), layers.input({ shape: [3] })];
    const y = layers.dense({ units: 2 }).apply(layers.concatenate().apply([a, b]));
    const model = new Model({ inputs: [a, b], outputs: y });
    const part = (seed: number) => tensor(numbers(12, 0, 1, seed), [4, 3]);
    function* batches() {
      yield [[part(1), part(2)]];
      yield [[part(3), part(4)]];
    }
    await model.quantize('int8', { calibration: batches() as never });
    const [layer] = model.layers.slice(-1);
    const all = [1, 2, 3, 4].flatMap((seed) => Array.from(numbers(12, 0, 1, seed)));
    expect(configOf(layer!)).toEqual({ mode: 'int8', inputRange: [Math.min(...all), Math.max(...all)] });
  });

  it('quantises sequences, volumes, other data formats, rows of sequences, models and layers within', async () => {
    const inner = new Sequential([
      layers.input({ shape: [6, 4] }),
      layers.conv1d({ filters: 8, kernelSize: 3, padding: 'causal' }),
    ]);
    const nested = new Sequential([
      layers.input({ shape: [6, 4] }),
      inner,
      layers.timeDistributed({ layer: layers.dense({ units: 3 }) }),
    ]);
    const volume = new Sequential([
      layers.input({ shape: [4, 5, 6, 2] }),
      layers.conv3d({ filters: 5, kernelSize: 2 }),
    ]);
    const first = new Sequential([
      layers.input({ shape: [3, 7, 7] }),
      layers.conv2d({ filters: 5, kernelSize: 3, dataFormat: 'channelsFirst' }),
    ]);
    const rows = new Sequential([layers.input({ shape: [6, 4] }), layers.dense({ units: 7 })]);
    for (const model of [nested, volume, first, rows]) {
      const shape = [3, ...model.inputs[0]!.shape.slice(1)];
      const x = tensor(
        numbers(
          shape.reduce((a, b) => a * b),
          -1,
          1,
        ),
        shape,
      );
      const before = await (await model.predict(x)).data();
      // Of a product of f numbers up to x with weights up to w, each factor is off by a 254th of its largest at most, and inputs by
      // what came off before.
      let [most, off] = [1, 1e-5];
      for (const { data, shape: sides } of (await model.getWeights()).filter(
        (weight) => weight.shape.length > 1,
      )) {
        const w = Math.max(...Array.from(data as Float32Array, Math.abs));
        const terms = data.length / sides.at(-1)!;
        off = terms * ((most + off) * (w / 254) + w * ((most + off) / 254 + off));
        most *= terms * w;
      }
      for (const options of [{}, { calibration: x }]) {
        await model.quantize('int8', options);
        const after = await (await model.predict(x)).data();
        expect(after).not.toEqual(before);
        after.forEach((value, i) => expect(Math.abs(value - before[i]!)).toBeLessThan(off));
      }
    }
  });

  it.each<[string, QuantizeOptions['filters'], string[]]>([
    ['a text', 'con', ['conv']],
    ['an expression', /^(conv|head)$/, ['conv', 'head']],
    ['a function', ({ weights }) => weights.length === 1, ['conv']],
    ['a list', ['^head', ({ name }) => name === 'grouped'], ['grouped', 'head']],
  ])('chooses layers by %s', async (_, filters, names) => {
    const model = images();
    await model.quantize('int8', { filters, calibration: ops.zeros([2, 8, 8, 3]) });
    expect(model.layers.filter(configOf).map(({ name }) => name)).toEqual(names);
  });

  it('evaluates, and reads new weights', async () => {
    const model = dense();
    model.compile({ loss: 'meanSquaredError' });
    const x = tensor(numbers(60, 0, 1), [5, 12]);
    await model.quantize('int8');
    const { loss } = await model.evaluate(x, ops.zeros([5, 5]), { verbose: 0 });
    const y = await (await model.predict(x)).data();
    expect(loss).toBeCloseTo(y.reduce((sum, v) => sum + v * v, 0) / 25, 5);
    model.setWeights((await model.getWeights()).map((w) => ops.zeros([...w.shape])));
    expect(Array.from(await (await model.predict(x)).data())).toEqual(Array<number>(25).fill(0));
  });

  it.each(['keras', 'json', 'clone', 'weights'])('is the same after a round trip: %s', async (kind) => {
    const model = images();
    const x = tensor(numbers(4 * 192, 0, 1), [4, 8, 8, 3]);
    await model.quantize('int8', { calibration: x });
    const expected = await (await model.predict(x)).data();
    const copies: Record<string, () => Promise<Model<never>>> = {
      keras: async () => {
        const file = join(folder, 'model.keras');
        await model.save(file);
        return (await loadModel(file)) as never;
      },
      json: async () => {
        const copy = modelFromJson(JSON.stringify(model));
        copy.setWeights(await model.getWeights());
        return copy as never;
      },
      clone: async () => {
        const copy = cloneModel(model);
        copy.setWeights(await model.getWeights());
        return copy as never;
      },
      weights: async () => {
        const file = join(folder, 'model.weights.h5');
        await model.saveWeights(file);
        const copy = images();
        await copy.loadWeights(file);
        await copy.quantize('int8', { calibration: x });
        return copy as never;
      },
    };
    const copy = (await copies[kind]!()) as unknown as Sequential;
    expect(await (await copy.predict(x)).data()).toEqual(expected);
  });

  it('cannot be trained', async () => {
    const model = dense();
    model.compile({ loss: 'meanSquaredError' });
    await model.quantize('int8');
    const [x, y] = [ops.zeros([4, 12]), ops.zeros([4, 5])];
    const refused =
      /\[.*\] expected layers in float32 to train, received 'first' in int8: train, then quantize/;
    await expect(model.fit(x, y, { verbose: 0 })).rejects.toThrow(refused);
    await expect(model.trainOnBatch(x, y)).rejects.toThrow(refused);
  });

  it.each<[string, () => Promise<unknown>, string, RegExp]>([
    ['another mode', () => dense().quantize('int4' as never), 'ARGUMENT', /'int8'.*'int4'/],
    ['an unknown option', () => dense().quantize('int8', { calibrate: 1 } as never), 'ARGUMENT', /calibrate/],
    [
      'a percentile of 50',
      () => dense().quantize('int8', { calibration: ops.zeros([1, 12]), percentile: 50 }),
      'ARGUMENT',
      /percentile above 50/,
    ],
    [
      'a percentile alone',
      () => dense().quantize('int8', { percentile: 99 }),
      'ARGUMENT',
      /calibration data for the option percentile/,
    ],
    [
      'nothing to quantise',
      () => new Sequential([layers.input({ shape: [2] }), layers.relu()]).quantize('int8'),
      'STATE',
      /dense, conv1d/,
    ],
    [
      'filters that choose none',
      () => dense().quantize('int8', { filters: 'third' }),
      'STATE',
      /filters that choose/,
    ],
    [
      'a number as a filter',
      () => dense().quantize('int8', { filters: 1 as never }),
      'ARGUMENT',
      /filters.*1/,
    ],
    ['what is no expression', () => dense().quantize('int8', { filters: '(' }), 'ARGUMENT', /filters/],
    [
      'NaN',
      () => dense().quantize('int8', { calibration: ops.full([1, 12], NaN) }),
      'ARGUMENT',
      /\[first\] expected finite numbers/,
    ],
    [
      'data of another shape',
      () => dense().quantize('int8', { calibration: ops.zeros([1, 11]) }),
      'SHAPE',
      /12/,
    ],
  ])('refuses %s', async (_, call, code, message) => {
    await expect(call()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('is as it was after a calibration that failed', async () => {
    const model = dense();
    const x = tensor(numbers(24, 0, 1), [2, 12]);
    const before = await (await model.predict(x)).data();
    await expect(model.quantize('int8', { calibration: ops.full([1, 12], NaN) })).rejects.toThrow();
    expect(await (await model.predict(x)).data()).toEqual(before);
  });

  it.each<[string, unknown, RegExp]>([
    ['no mode', {}, /mode/],
    ['three numbers', { mode: 'int8', inputRange: [1, 2, 3] }, /two numbers/],
    ['a range upside down', { mode: 'int8', inputRange: [1, 0] }, /not above/],
    ['NaN', { mode: 'int8', inputRange: [NaN, 0] }, /inputRange/],
  ])('refuses a configuration with %s', (_, quantizationConfig, message) => {
    expect(() => layers.dense({ units: 1, quantizationConfig: quantizationConfig as never })).toThrow(
      message,
    );
    expect(() =>
      layers.conv2d({ filters: 1, kernelSize: 1, quantizationConfig: quantizationConfig as never }),
    ).toThrow(message);
  });
});
