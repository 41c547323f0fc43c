// Masks that the call of a layer gives, compared with Keras's: test/fixtures/given_masks.json.
import { describe, expect, it } from 'vitest';
import {
  Model,
  NDArray,
  type OutputStructure,
  type Sym,
  type Tensor,
  cloneModel,
  compile,
  layers,
  modelFromJson,
  ones,
  tensor,
} from 'nodegrad';
import { factoryName } from '../lib/base/names.js';
import { itemAt } from '../lib/base/list.js';
import { type Stored, readFixture, worst } from './fixtures/read.js';

interface Row {
  layer: string;
  options: Record<string, unknown>;
  training: boolean;
  inputs: Stored[];
  masks: (Stored | null)[];
  weights: Stored[];
  outputs: Stored[];
  mask: Stored | null;
  model: object | null;
}

const { entries } = readFixture('given_masks') as { entries: Row[] };
// Sums of up to 32 products of numbers below 3, rounded in float32, through up to 4 steps.
const BOUND = 32 * 3 * 4 * 2 ** -24;

const arrayOf = ({ data, shape, dtype }: Stored) => new NDArray(data, shape, dtype);
const tensorOf = (given: Stored) => tensor(arrayOf(given));
const made = ({ layer, options }: Row): layers.Layer =>
  (layers as unknown as Record<string, (options: object) => layers.Layer>)[factoryName(layer)]!(options);
const maskNumbers = ({ masks }: Row) => masks.filter((mask) => mask !== null).map(tensorOf);
const called = entries.map((row, i) => [`${i} ${row.layer} ${JSON.stringify(row.options)}`, row] as const);
const connected = called.filter(([, { model }]) => model !== null);

async function near(actual: Tensor, expected: Stored): Promise<void> {
  expect(actual.shape).toEqual(expected.shape);
  expect(worst((await actual.data()) as Float32Array, expected.data, 1)).toBeLessThan(BOUND);
}

/** A model of the layer, whose inputs are those of the layer and, after them, the masks. */
function modelOf(row: Row): Model<OutputStructure> {
  const inputs = row.inputs.map(({ shape }) => layers.input({ shape: shape.slice(1) }));
  const masks = row.masks.map((mask) => mask && layers.input({ shape: mask.shape.slice(1), dtype: 'bool' }));
  const given = { mask: masks.length === 1 ? masks[0]! : masks, ...(row.training && { training: true }) };
  const outputs = made(row).applyAll(inputs, given);
  return new Model({ inputs: [...inputs, ...masks.filter((mask) => mask !== null)], outputs });
}

async function check(model: Model<OutputStructure>, row: Row): Promise<void> {
  model.setWeights(row.weights.map(arrayOf));
  const outputs = await model.predict([...row.inputs.map(tensorOf), ...maskNumbers(row)]);
  const list = (Array.isArray(outputs) ? outputs : [outputs]) as Tensor[];
  expect(list).toHaveLength(row.outputs.length);
  for (const [i, output] of list.entries()) await near(output, itemAt(row.outputs, i));
}

/** How the last layer of a model in Keras's JSON is called, without the names of others. */
const callIn = (json: unknown): unknown =>
  JSON.parse(
    JSON.stringify(
      (json as { config: { layers: { inbound_nodes: unknown }[] } }).config.layers.at(-1)!.inbound_nodes,
    ),
    (key, value: unknown) => (key === 'keras_history' || key === 'dtype' ? undefined : value),
  );

describe('a mask of the call', () => {
  it.each(called)('gives what it gives in Keras, and the mask that comes out: %s', async (_, row) => {
    const layer = made(row);
    const count = row.inputs.length;
    const step = compile((...all: Sym[]) => {
      const given = all.slice(count);
      const masks = row.masks.map((mask) => mask && given.shift()!);
      const before = all[0]!.mask;
      const outputs = layer.applyAll(all.slice(0, count), { mask: masks, training: row.training });
      expect(all[0]!.mask).toBe(before);
      return { outputs, ...(outputs[0]!.mask && { mask: outputs[0]!.mask }) };
    });
    layer.build(
      count === 1 && !layer.takesLists ? row.inputs[0]!.shape : row.inputs.map(({ shape }) => shape),
    );
    layer.setWeights(row.weights.map(arrayOf));
    const { outputs, mask } = await step(...row.inputs.map(tensorOf), ...maskNumbers(row));
    for (const [i, output] of outputs.entries()) await near(output, itemAt(row.outputs, i));
    // Keras's groupQueryAttention forgets the mask of a query that is told by name; here it goes on, as that of several heads does.
    if (row.layer !== 'GroupQueryAttention') expect(mask === undefined).toBe(row.mask === null);
    if (row.mask) expect(Array.from(await mask!.data())).toEqual(Array.from(row.mask.data));
  });

  it.each(connected)('belongs to a model: %s', async (_, row) => {
    await check(modelOf(row), row);
  });

  it.each(connected)('is in a model that Keras wrote: %s', async (_, row) => {
    await check(modelFromJson(row.model as never), row);
  });

  it.each(connected)('is written as Keras writes it: %s', async (_, row) => {
    const json = JSON.stringify(modelOf(row));
    expect(callIn(JSON.parse(json))).toEqual(callIn(row.model));
    await check(modelFromJson(json), row);
  });
});

describe('a mask of the call that cannot be', () => {
  const steps = () => layers.input({ shape: [4, 3] });
  const mask = (length: number) => layers.input({ shape: [length], dtype: 'bool' });

  it.each([
    [
      'of a layer that takes none',
      () => layers.flatten().apply(steps(), { mask: mask(4) }),
      'ARGUMENT',
      /Flatten/,
    ],
    [
      'of a layer that makes one',
      () => layers.masking().apply(steps(), { mask: mask(4) }),
      'ARGUMENT',
      /Masking/,
    ],
    ['of another length', () => layers.lstm({ units: 2 }).apply(steps(), { mask: mask(5) }), 'SHAPE', /5/],
    [
      'of a first state',
      () =>
        layers.gru({ units: 2 }).apply([steps(), layers.input({ shape: [2] })], { mask: [null, mask(2)] }),
      'ARGUMENT',
      /first state/,
    ],
    [
      'of more inputs than there are',
      () => layers.lstm({ units: 2 }).apply(steps(), { mask: [mask(4), mask(4)] }),
      'ARGUMENT',
      /1 inputs/,
    ],
    [
      'of numbers',
      () => layers.lstm({ units: 2 }).apply(steps(), { mask: [1, 1, 1, 1] as never }),
      'ARGUMENT',
      /mask/,
    ],
    [
      'that does not broadcast',
      () => layers.softmax().apply(steps(), { mask: mask(2) }),
      'SHAPE',
      /broadcasts/,
    ],
  ] as const)('is refused: %s', (_, call, code, message) => {
    expect(call).toThrow(message);
    expect(call).toThrow(expect.objectContaining({ code }));
  });

  it('is refused in the JSON of Keras, whose layer takes none', () => {
    const x = steps();
    const given = mask(4);
    const y = layers.layerNormalization().apply(x, { mask: given });
    expect(() => JSON.stringify(new Model({ inputs: [x, given], outputs: y }))).toThrow(
      /no mask in the call/,
    );
  });
});

it('a clone of a model keeps the masks of its calls', async () => {
  const [x, mask] = [layers.input({ shape: [4, 3] }), layers.input({ shape: [4], dtype: 'bool' })];
  const model = new Model({ inputs: [x, mask], outputs: layers.lstm({ units: 2 }).apply(x, { mask }) });
  const clone = cloneModel(model);
  clone.setWeights(await model.getWeights());
  const numbers = async (of: Model<OutputStructure>, steps: boolean[]) =>
    Array.from(await ((await of.predict([ones([1, 4, 3]), tensor([steps])])) as Tensor).data());
  const steps = [true, false, true, false];
  expect(await numbers(clone, steps)).toEqual(await numbers(model, steps));
  expect(await numbers(clone, [true, true, true, true])).not.toEqual(await numbers(model, steps));
});

describe('a mask [n, steps] of timeDistributed', () => {
  const applied = async (layer: layers.Layer, masked = [[true, false]]) => {
    const outer = layers.timeDistributed({ layer });
    return compile((x: Sym, mask: Sym) => outer.apply(x, { mask }))(ones([1, 2, 3, 2]), masked);
  };

  it.each([
    [
      'an lstm, whose steps are those within',
      layers.lstm({ units: 1 }),
      /\[lstm.* expected a mask of the 2 first axes of/,
    ],
    ['a mean of steps', layers.globalAveragePooling1d(), /expected a mask of the 2 first axes of/],
    [
      'a second timeDistributed',
      layers.timeDistributed({ layer: layers.dense({ units: 1 }) }),
      /expected a mask of rank 2 or more, \[n, steps, …\], received/,
    ],
  ])('is none for %s, as in Keras', async (_, layer, message) => {
    await expect(applied(layer)).rejects.toThrow(message);
  });

  it('goes by layers without masks', async () => {
    expect((await applied(layers.flatten())).shape).toEqual([1, 2, 6]);
    expect((await applied(layers.conv1d({ filters: 1, kernelSize: 2 }))).shape).toEqual([1, 2, 2, 1]);
  });
});
