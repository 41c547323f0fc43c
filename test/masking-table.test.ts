// Which layers pass masks on, and which masks come out, beside Keras's: test/fixtures/masking.json.
import { atLeast, itemAt } from '../lib/base/list.js';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Sym, type Tensor, compile, layers, tensor } from '../lib/index.js';
import { factoryName } from '../lib/base/names.js';
import { layerCases } from './cases/classes.js';

interface Row {
  layer: string;
  options: Record<string, unknown>;
  shapes: number[][];
  masks: boolean[][][];
  supports: boolean;
  result: (boolean[][] | null)[];
}
const text = readFileSync(new URL('fixtures/masking.json', import.meta.url), 'utf8');
const { entries } = JSON.parse(text) as { entries: Row[] };

/** Small integers as the script has them, 0 among them; the last step of the second sample is all zeros. */
function values(given: number[], dtype: 'int32' | 'float32'): Tensor {
  const [n, steps, ...rest] = atLeast(given, 2);

  const size = rest.reduce((product, side) => product * side, 1);
  const count = n * steps * size;
  const data = Array.from({ length: count }, (_, i) => (i >= count - size ? 0 : i % 5));
  return tensor(
    dtype === 'int32' ? Int32Array.from(data) : Float32Array.from(data),
    [n, steps, ...rest],
    dtype,
  );
}

const made = ({ layer, options }: Pick<Row, 'layer' | 'options'>): layers.Layer =>
  (layers as unknown as Record<string, (options: object) => layers.Layer>)[factoryName(layer)]!(options);

describe('masks of layers are those of Keras', () => {
  it.each(entries.map((row) => [row.layer, row] as const))('%s', async (name, row) => {
    const layer = made(row);
    expect(layer.supportsMasking).toBe(row.supports);
    const isIds = name.endsWith('Embedding') || name === 'CategoryEncoding';
    const inputs = row.shapes.map((shape) => values(shape, isIds ? 'int32' : 'float32'));
    const masks = row.masks.map((mask) => tensor(mask, undefined, 'bool'));
    const step = compile((...given: Sym[]) => {
      const xs = given.slice(0, inputs.length);
      xs.forEach((x, i) => (x.mask = given[inputs.length + i]));
      const outputs = layer.applyAll(xs);
      return Object.fromEntries(outputs.flatMap(({ mask }, i) => (mask ? [[`${i}`, mask]] : [])));
    });
    const found = (await step(...inputs, ...masks)) as Record<string, Tensor>;
    const wanted = row.result.flatMap((mask, i) => (mask ? [[`${i}`, mask] as const] : []));
    expect(Object.keys(found)).toEqual(wanted.map(([i]) => i));
    for (const [i, mask] of wanted) expect(Array.from(await found[i]!.data(), Boolean)).toEqual(mask.flat());
  });

  it('for every layer that takes numbers', () => {
    const known = new Set(entries.map(({ layer }) => layer));
    // Cells are called within layers; an input has no mask; a lambda's is an option (test/lambda.test.ts).
    const others = /Cell(s)?$|^InputLayer$|^Lambda$/;
    for (const [name, { options, passesMask = false }] of Object.entries(layerCases)) {
      if (known.has(name) || others.test(name)) continue;
      const layer = made({ layer: name, options: (options ?? {}) as Record<string, unknown> });
      expect(layer.supportsMasking, name).toBe(passesMask);
      // What it makes of masks itself is compared with Keras.
      expect(Reflect.get(layer, 'computeMask'), name).toBe(
        Reflect.get(layers.Layer.prototype, 'computeMask'),
      );
    }
  });
});

describe('globalAveragePooling1d with a mask', () => {
  // As Keras: the mean of the steps that count, NaN of none.
  it.each([
    ['channelsLast', false, [3, 10, NaN, NaN]],
    ['channelsFirst', false, [3, 10, NaN, NaN]],
    ['channelsLast', true, [3, 10, NaN, NaN]],
  ] as const)('%s, keepDims %j', async (dataFormat, keepDims, wanted) => {
    const layer = layers.globalAveragePooling1d({ dataFormat, keepDims });
    const last = [
      [
        [2, 9],
        [4, 11],
        [500, 500],
      ],
      [
        [1, 1],
        [1, 1],
        [1, 1],
      ],
    ];
    const x =
      dataFormat === 'channelsLast'
        ? last
        : last.map((steps) => [0, 1].map((c) => steps.map((step) => itemAt(step, c))));
    const step = compile((given: Sym, mask: Sym) => {
      given.mask = mask;
      return layer.apply(given);
    });
    const y = await step(
      tensor(x),
      tensor(
        [
          [true, true, false],
          [false, false, false],
        ],
        undefined,
        'bool',
      ),
    );
    expect([...y.shape]).toEqual(keepDims ? [2, 1, 2] : [2, 2]);
    expect(Array.from(await y.data())).toEqual(wanted);
  });
});
