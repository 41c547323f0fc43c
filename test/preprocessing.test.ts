import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Model, NDArray, type Sym, type TensorData, compile, layers, tensor } from '../lib/index.js';
import { fingerprint64 } from '../lib/base/farmHash.js';
import { atLeast, mapTuple } from '../lib/base/list.js';
import { sipHash } from '../lib/base/sipHash.js';
import { factoryName } from '../lib/base/names.js';
import { layerConfig, layerFromConfig } from '../lib/layers/registry.js';
import { worst } from './fixtures/read.js';
import { openProgram } from './support/openProgram.js';

interface Case {
  readonly layer: string;
  readonly options: Record<string, unknown>;
  readonly inputs: unknown;
  readonly outputs: unknown;
  readonly adapt?: unknown;
  readonly batches?: readonly unknown[];
  readonly vocabulary?: readonly unknown[];
  readonly mean?: unknown;
  readonly variance?: unknown;
  readonly binBoundaries?: readonly number[];
}
interface Adaptable {
  adapt(data: unknown): Promise<void>;
}
interface Vocabulary {
  getVocabulary(): unknown;
}
interface Boundaries {
  readonly binBoundaries: readonly number[];
}
type AnyDataLayer = layers.DataLayer<unknown, unknown>;

const cases = JSON.parse(
  readFileSync(new URL('./fixtures/preprocessing.json', import.meta.url), 'utf8'),
) as Case[];
const titled = cases.map((row, i) => [`${i} ${row.layer} ${JSON.stringify(row.options)}`, row] as const);

const makers = layers as unknown as Record<string, (options: unknown) => layers.Layer>;
const made = ({ layer, options }: Case) => makers[factoryName(layer)]!(options);

function nested(value: unknown): unknown {
  return value instanceof NDArray ? tensor(value).arraySync() : value;
}

const ids = new Set(['CategoryEncoding']);

async function applied(layer: layers.Layer, inputs: unknown): Promise<unknown> {
  if (layer instanceof layers.DataLayer) return nested((layer as AnyDataLayer).apply(inputs));
  const x = tensor(inputs as TensorData, undefined, ids.has(layer.className) ? 'int32' : 'float32');
  return (await compile((given: Sym) => layer.apply(given))(x)).arraySync();
}

/** Sums of up to 40 numbers in float32, each rounded once, of numbers up to 40 times the result. */
const CLOSE = 40 * 2 ** -24;

/** @param scale The largest number that the sums are of. */
function close(received: unknown, wanted: unknown, scale = 1): void {
  const [a, b] = mapTuple([received, wanted], (value) => [value].flat(9) as (number | string)[]);
  expect(a).toHaveLength(b.length);
  for (const [i, value] of b.entries()) {
    if (typeof value === 'string') expect(a[i]).toBe(value);
    else
      expect(Math.abs((a[i] as number) - value)).toBeLessThanOrEqual(
        CLOSE * Math.max(scale, Math.abs(value)),
      );
  }
  const shape = (value: unknown): number[] =>
    Array.isArray(value) ? [value.length, ...shape(value[0])] : [];
  expect(shape(received)).toEqual(shape(wanted));
}

describe.each(titled)('%s', (_, row) => {
  it('gives what Keras gives, also made again by its configuration', async () => {
    const layer = made(row);
    if (row.adapt !== undefined) await (layer as unknown as Adaptable).adapt(row.adapt);
    if (row.batches) {
      const batches = row.batches.map((batch) =>
        layer instanceof layers.DataLayer ? batch : tensor(batch as TensorData),
      );
      await (layer as unknown as Adaptable).adapt(
        (function* () {
          yield* batches;
        })(),
      );
    }
    if (row.vocabulary) expect((layer as unknown as Vocabulary).getVocabulary()).toEqual(row.vocabulary);
    if (row.binBoundaries) close([...(layer as unknown as Boundaries).binBoundaries], row.binBoundaries);
    if (row.mean !== undefined && row.layer === 'Normalization') {
      const [mean, variance] = atLeast(await layer.getWeights(), 2);
      close([...mean.data], [row.mean].flat(9));
      close([...variance.data], [row.variance].flat(9));
    }
    const isPicture = row.layer === 'Resizing';
    const largest = isPicture ? Math.max(...([row.inputs].flat(9) as number[]).map(Math.abs)) : 1;
    close(await applied(layer, row.inputs), row.outputs, largest);
    const again = layerFromConfig(JSON.parse(JSON.stringify(layerConfig(layer))) as never);
    if (layer.weights.length > 0) {
      await applied(again, row.inputs); // builds it
      again.setWeights(await layer.getWeights());
    }
    close(await applied(again, row.inputs), row.outputs, largest);
  });
});

it('has a case for each layer that takes plain data', () => {
  const classes = Object.entries(layers).filter(
    ([, made]) => (made as { prototype?: unknown }).prototype instanceof layers.DataLayer,
  );
  expect(classes.length).toBeGreaterThan(0);
  for (const [name] of classes) expect(cases.map(({ layer }) => layer)).toContain(name);
});

describe('hashes', () => {
  it('SipHash gives the number of its paper (appendix A)', () => {
    const bytes = Uint8Array.from({ length: 15 }, (_, i) => i);
    expect(sipHash(bytes, [0x0706050403020100n, 0x0f0e0d0c0b0a0908n])).toBe(0xa129ca6149be45e5n);
  });

  it('FarmHash of nothing is its constant', () => {
    expect(fingerprint64(new Uint8Array())).toBe(0x9ae16a3b2f90404fn);
  });
});

describe('normalization', () => {
  it('is part of a model, which sees what adapt finds later', async () => {
    const normalize = layers.normalization();
    const x = layers.input({ shape: [2] });
    const model = new Model({ inputs: x, outputs: normalize.apply(x) });
    const predicted = async () => (await model.predict([[2, 40]])).arraySync();
    expect(await predicted()).toEqual([[2, 40]]);
    await normalize.adapt([
      [1, 10],
      [3, 30],
    ]);
    expect(await predicted()).toEqual([[0, 2]]);
    await normalize.adapt(
      tensor([
        [2, 40],
        [2, 40],
      ]),
    );
    expect(await predicted()).toEqual([[0, 0]]);
    expect(normalize.trainableWeights).toEqual([]);
    model.dispose();
  });

  it('takes bytes, batches with targets, and numbers far from 0', async () => {
    const normalize = layers.normalization({ axis: null });
    const far = Float64Array.from({ length: 1000 }, (_, i) => 1e6 + (i % 2));
    async function* batches() {
      yield [new NDArray(Float32Array.from(far), [1000, 1]), [0]] as const;
      yield await Promise.resolve([new NDArray(Float32Array.from(far), [1000, 1]), [0]] as const);
    }
    await normalize.adapt(batches());
    const [mean, variance] = atLeast(await normalize.getWeights(), 2);
    // In float64 nothing is lost; each is rounded once when it becomes float32.
    expect([...mean.data, ...variance.data]).toEqual([1e6 + 0.5, 0.25]);
    const run = compile((x: Sym) => normalize.apply(x));
    expect((await run(tensor(new Uint8Array([0]), [1, 1]))).dtype).toBe('float32');
  });

  it.each([
    ['a mean alone', { mean: 1 }, /both mean and variance, or neither/],
    ['a variance of another shape', { mean: [1], variance: [1, 2] }, /a variance of the mean's shape \[1\]/],
    ['a mean of more axes', { axis: null, mean: [1], variance: [1] }, /rank 0 at most/],
    ['NaN', { mean: NaN, variance: 1 }, /a finite number for mean/],
    ['an axis that is none', { axis: 0.5 }, /an integer or a list of integers for axis/],
  ] as const)('refuses %s', (_, options, message) => {
    expect(() => layers.normalization(options)).toThrow(message);
  });

  it('refuses data that does not fit', async () => {
    const normalize = layers.normalization();
    await normalize.adapt([[1, 2]]);
    await expect(normalize.adapt([[1, 2, 3]])).rejects.toThrow(/data of shape \[\?, 2\], received \[1, 3\]/);
    await expect(normalize.adapt([[[1, 2]]])).rejects.toThrow(
      /data of shape \[\?, 2\], received \[1, 1, 2\]/,
    );
    await expect(layers.normalization().adapt(new NDArray(new Float32Array(), [0, 2]))).rejects.toThrow(
      /data with samples/,
    );
    await expect(layers.normalization().adapt([].values())).rejects.toThrow(/data with samples/);
    await expect(layers.normalization().adapt([3].values() as never)).rejects.toThrow(/expected batches/);
    await expect(layers.normalization({ mean: 1, variance: 1 }).adapt([[1]])).rejects.toMatchObject({
      code: 'STATE',
    });
    expect(() => layers.normalization({ axis: 3 }).apply(layers.input({ shape: [2] }))).toThrow(/axis/);
    expect(() => layers.normalization().apply(layers.input({ shape: [-1] }))).toThrow(/known sizes/);
  });
});

describe('discretization', () => {
  it('has compiled steps follow adapt', async () => {
    const bins = layers.discretization({ numBins: 2 });
    const run = compile((x: Sym) => bins.apply(x));
    await expect(run([[1]])).rejects.toThrow(/call adapt first/);
    await bins.adapt([1, 2, 3, 4]);
    expect((await run([[1, 4]])).arraySync()).toEqual([[0, 1]]);
    await bins.adapt([10, 20, 30, 40]);
    expect((await run([[1, 4, 40]])).arraySync()).toEqual([[0, 0, 1]]);
  });

  it.each([
    [
      'both',
      { numBins: 3, binBoundaries: [0, 1] },
      /expected one of binBoundaries and numBins, received both/,
    ],
    ['nothing', {}, /expected the option numBins, received none and no binBoundaries/],
    ['boundaries out of order', { binBoundaries: [2, 1] }, /finite numbers in order/],
    ['epsilon 0', { numBins: 2, epsilon: 0 }, /a positive number for epsilon/],
  ] as const)('refuses %s', (_, options, message) => {
    expect(() => layers.discretization(options)).toThrow(message);
  });

  it('refuses to adapt what it cannot', async () => {
    const message = /numBins for adapt/;
    await expect(layers.discretization({ binBoundaries: [1] }).adapt([1])).rejects.toThrow(message);
    await expect(layers.discretization({ numBins: 2 }).adapt([NaN])).rejects.toThrow(/expected numbers/);
    await expect(layers.discretization({ numBins: 2 }).adapt([])).rejects.toThrow(/data with numbers/);
  });
});

describe('images', () => {
  it('keeps bytes when it resizes, and crops to float32', async () => {
    const bytes = tensor(new Uint8Array([0, 255, 255, 0]), [1, 2, 2, 1]);
    const [small, middle] = [
      layers.resizing({ height: 1, width: 1 }),
      layers.centerCrop({ height: 1, width: 2 }),
    ];
    const resized = await compile((x: Sym) => small.apply(x))(bytes);
    expect([resized.dtype, ...(await resized.data())]).toEqual(['uint8', 128]);
    const cropped = await compile((x: Sym) => middle.apply(x))(bytes);
    expect([cropped.dtype, ...(await cropped.data())]).toEqual(['float32', 0, 255]);
  });

  it('takes channels first', async () => {
    const x = Float32Array.from({ length: 2 * 3 * 4 }, (_, i) => i);
    const crop = layers.centerCrop({ height: 1, width: 2, dataFormat: 'channelsFirst' });
    const y = await compile((given: Sym) => crop.apply(given))(tensor(x, [1, 2, 3, 4]));
    expect(y.arraySync()).toEqual([[[[5, 6]], [[17, 18]]]]);
  });

  it.each(
    [
      [5, 6],
      [3, 2],
      [2, 6],
      [1, 1],
      [9, 1],
    ].flatMap((sides) =>
      (['channelsLast', 'channelsFirst'] as const).map((dataFormat) => [sides, dataFormat] as const),
    ),
  )('centerCrop takes %j of open sides, %s', ([height, width], dataFormat) => {
    const crop = layers.centerCrop({ height: 3, width: 2, dataFormat });
    const shape = dataFormat === 'channelsLast' ? [2, height!, width!, 3] : [2, 3, height!, width!];
    const x = tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i)),
      shape,
    );
    const rows = dataFormat === 'channelsLast' ? 1 : 2;
    const made = (open: readonly number[]) =>
      openProgram(
        [{ dtype: 'float32', shape: shape.map((n, i) => (open.includes(i) ? -1 : n)) }],
        (image) => [crop.apply(image)],
      ).runSilently([x])[0]!;
    const known = made([]);
    for (const open of [[rows], [rows + 1], [rows, rows + 1]]) {
      const y = made(open);
      expect(y.shape).toEqual(known.shape);
      // Of numbers up to 1 sums with weights of up to ten places, each rounded a few times.
      expect(worst(y.dataSync() as Float32Array, known.dataSync() as Float32Array, 1)).toBeLessThan(
        64 * 2 ** -24,
      );
    }
  });

  it.each([
    ['no height', () => layers.resizing({ height: 0, width: 1 }), /positive integer for height/],
    [
      'both ways to keep the ratio',
      () => layers.resizing({ height: 1, width: 1, cropToAspectRatio: true, padToAspectRatio: true }),
      /received 'both'/,
    ],
    [
      'an unknown interpolation',
      () => layers.resizing({ height: 1, width: 1, interpolation: 'bicubi' as never }),
      /did you mean 'bicubic'/,
    ],
    [
      'sequences',
      () => layers.centerCrop({ height: 1, width: 1 }).apply(layers.input({ shape: [3, 2] })),
      /expected images \[n, height, width, channels\]/,
    ],
  ] as const)('refuses %s', (_, wrong, message) => {
    expect(wrong).toThrow(message);
  });
});

describe('categoryEncoding', () => {
  it('counts with weights', async () => {
    const count = layers.categoryEncoding({ numTokens: 3, outputMode: 'count' });
    const run = compile((x: Sym, w: Sym) => count.apply([x, w]));
    const rows = await run(tensor([[0, 2, 2]], undefined, 'int32'), [[0.5, 1, 2]]);
    expect(rows.arraySync()).toEqual([[0.5, 0, 3]]);
    const many = layers.categoryEncoding({ numTokens: 3 });
    expect(() => many.apply([layers.input({ shape: [2] }), layers.input({ shape: [2] })])).toThrow(
      /weights only with outputMode 'count'/,
    );
  });
});
