// Layers models of TensorFlow.js, written by it (test/fixtures/make_tfjs.mjs).
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { firstOf, itemAt } from '../lib/base/list.js';
import {
  type CompileOptions,
  Model,
  NDArray,
  type OutputStructure,
  Sequential,
  type Tensor,
  initializers,
  layers,
  loadModel,
  losses,
  optimizers,
} from '../lib/index.js';
import { worst } from './fixtures/read.js';
import { rejectionOf } from './support/run.js';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-tfjs-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Stored {
  readonly shape: number[];
  readonly data: number[];
}
interface Entry {
  readonly json: Readonly<Record<string, unknown>>;
  readonly parts: Readonly<Record<string, string>>;
  readonly x: Stored[];
  readonly y?: Stored;
  readonly predicted: number[][];
  readonly losses?: number[];
}
const fixture = new URL('fixtures/tfjs.json', import.meta.url);
const entries = JSON.parse(readFileSync(fixture, 'utf8')) as Record<string, Entry>;

/** A model.json in a new folder, with the files that it names. */
function written(name: string, { json, parts }: Pick<Entry, 'json' | 'parts'>): string {
  mkdirSync(join(folder, name), { recursive: true });
  for (const [part, bytes] of Object.entries(parts))
    writeFileSync(join(folder, name, part), Buffer.from(bytes, 'base64'));
  writeFileSync(join(folder, name, 'model.json'), JSON.stringify(json));
  return join(folder, name, 'model.json');
}

const arrayOf = ({ shape, data }: Stored, isIndex = false) =>
  new NDArray(isIndex ? Int32Array.from(data) : Float32Array.from(data), shape);
const predicted = async (model: Model<OutputStructure>, { x }: Entry) => {
  const given = x.map((one) => arrayOf(one, model.inputs[0]?.dtype === 'int32'));
  const y = (await model.predict(given.length === 1 ? firstOf(given) : given)) as Tensor | Tensor[];
  return Promise.all([y].flat().map(async (one) => Float32Array.from(await one.data())));
};

describe('models of TensorFlow.js', () => {
  it.each(Object.entries(entries))('%s is read and predicts as there', async (name, entry) => {
    const model = await loadModel(written(name, entry));
    const y = await predicted(model, entry);
    expect(y).toHaveLength(entry.predicted.length);
    for (const [i, numbers] of y.entries()) {
      const wanted = Float32Array.from(itemAt(entry.predicted, i));
      // Sums of up to 72 products in another order, through at most ten layers: the last few of 24 bits.
      expect(worst(numbers, wanted, Math.max(...wanted.map(Math.abs)))).toBeLessThan(1e-6);
    }
  });

  const trained = Object.entries(entries).filter(([, { losses }]) => losses !== undefined);
  it.each(trained)('%s trains on from where it was saved', async (name, entry) => {
    const model = await loadModel(written(name, entry));
    const [x, y] = [arrayOf(firstOf(entry.x)), arrayOf(entry.y!)];
    // TensorFlow.js's Adadelta divides by the mean before this step's gradient; the centered RMSprop subtracts what is nearly equal.
    const steps = ['adadelta', 'centered'].includes(name) ? 1 : 3;
    for (const wanted of entry.losses!.slice(0, steps)) {
      const { loss } = await model.trainOnBatch(x, y);
      // Each step adds the rounding of some 20 operations to the weights.
      expect(Math.abs(loss! - wanted) / wanted).toBeLessThan(1e-5);
    }
    const kept = await model.compiledOptimizer!.variables[0]!.data();
    expect(Number(kept[0])).toBe(3 + steps);
  });
});

describe('models that are written for TensorFlow.js with their optimizer', () => {
  type Json = Record<'trainingConfig', unknown> & { weightsManifest: { weights: unknown }[] };
  /** Numbers as float32 has them: learning rates are kept so here. */
  const rounded = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (_, one: unknown) =>
      typeof one === 'number' ? Math.fround(one) : one,
    );
  const again = async (name: string, model: Model<OutputStructure>) => {
    mkdirSync(join(folder, `again-${name}`), { recursive: true });
    const path = join(folder, `again-${name}`, 'model.json');
    await model.save(path, { includeOptimizer: true });
    return { path, json: JSON.parse(readFileSync(path, 'utf8')) as Json };
  };
  const trained = Object.entries(entries).filter(([, { losses }]) => losses !== undefined);

  it.each(trained)('%s say what TensorFlow.js says, and train on', async (name, entry) => {
    const model = await loadModel(written(name, entry));
    const { path, json } = await again(name, model);
    const theirs = entry.json as unknown as Json;
    expect(rounded(json.trainingConfig)).toEqual(rounded(theirs.trainingConfig));
    expect(firstOf(json.weightsManifest).weights).toEqual(firstOf(theirs.weightsManifest).weights);
    const [x, y] = [arrayOf(firstOf(entry.x)), arrayOf(entry.y!)];
    const other = await loadModel(path);
    for (let step = 0; step < 2; step++) {
      const [one, two] = [await model.trainOnBatch(x, y), await other.trainOnBatch(x, y)];
      // A momentum is divided by the learning rate and multiplied by it again.
      expect(Math.abs(one.loss! - two.loss!) / two.loss!).toBeLessThan(name === 'momentum' ? 1e-6 : 1e-12);
    }
  });

  const compiled = (options: CompileOptions) => {
    const model = row();
    model.compile(options);
    return model;
  };

  it.each(['pictures', 'sequences', 'graph'])('%s that was read is written again', async (name) => {
    const model = await loadModel(written(name, entries[name]!));
    const path = join(folder, name, 'again.json');
    await model.save(path);
    expect(await predicted(await loadModel(path), entries[name]!)).toEqual(
      await predicted(model, entries[name]!),
    );
  });

  it('are read before the first step, and without a momentum', async () => {
    const [x, y] = [[[1, 2, 3]], [[1, 0]]];
    for (const steps of [0, 2]) {
      const optimizer = optimizers.rmsprop({ learningRate: 0.1 });
      const model = compiled({ optimizer, loss: losses.logCosh(), metrics: ['accuracy', 'mae'] });
      for (let step = 0; step < steps; step++) await model.trainOnBatch(x, y);
      const { path, json } = await again(`rmsprop-${steps}`, model);
      expect(json.trainingConfig).toMatchObject({ loss: 'logcosh', metrics: ['accuracy', 'mae'] });
      const other = await loadModel(path);
      expect((await other.trainOnBatch(x, y)).loss).toBe((await model.trainOnBatch(x, y)).loss);
      expect((await other.trainOnBatch(x, y)).loss).toBe((await model.trainOnBatch(x, y)).loss);
    }
  });

  it.each<[string, CompileOptions, RegExp]>([
    [
      'an optimizer',
      { optimizer: 'adamW', loss: 'mse' },
      /an optimizer whose state TensorFlow\.js saves .* received 'AdamW'/,
    ],
    [
      'an option of it',
      { optimizer: optimizers.adam({ clipnorm: 1 }), loss: 'mse' },
      /options of Adam .* received 'clipnorm: 1'/,
    ],
    ['a loss', { optimizer: 'sgd', loss: 'huber' }, /losses that TensorFlow\.js has/],
    [
      'an option of a loss',
      { optimizer: 'sgd', loss: losses.binaryCrossentropy({ fromLogits: true }) },
      /losses that TensorFlow\.js has/,
    ],
    ['a metric', { optimizer: 'sgd', loss: 'mse', metrics: ['auc'] }, /metrics that TensorFlow\.js has/],
    ['weights of losses', { optimizer: 'sgd', loss: 'mse', lossWeights: [2] }, /neither lossWeights/],
  ])('without %s that it lacks are refused', async (_, options, message) => {
    const path = join(folder, 'refused.json');
    expect(await rejectionOf(compiled(options).save(path, { includeOptimizer: true }))).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(message) as string,
    });
  });

  it('have to be compiled, and be a model.json', async () => {
    expect(
      await rejectionOf(row().save(join(folder, 'none.json'), { includeOptimizer: true })),
    ).toMatchObject({
      code: 'STATE',
      message: expect.stringContaining('compile() before includeOptimizer') as string,
    });
    expect(
      await rejectionOf(row().save(join(folder, 'none.keras'), { includeOptimizer: true })),
    ).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringContaining('where includeOptimizer is given') as string,
    });
  });
});

const drawn = initializers.varianceScaling({ distribution: 'untruncatedNormal' });

const row = () =>
  new Sequential([
    layers.input({ shape: [3] }),
    layers.dense({ units: 4, activation: 'relu', kernelRegularizer: 'l2' }),
    layers.dense({ units: 2 }),
  ]);

describe('models that are written for TensorFlow.js', () => {
  it('are read again, and files of numbers that are no longer named go', async () => {
    const path = join(folder, 'own', 'model.json');
    mkdirSync(join(folder, 'own'));
    for (const model of [row(), row()]) {
      await model.save(path);
      const again = await loadModel(path);
      expect(await again.getWeights()).toEqual(await model.getWeights());
      expect(readdirSync(join(folder, 'own')).sort()).toEqual([
        expect.stringMatching(/^group1-[0-9a-f]{8}-shard1of1\.bin$/) as string,
        'model.json',
      ]);
      const other = row();
      await other.loadWeights(path, { skipMismatch: true });
    }
  });

  it('have their numbers in files of 4 MiB', async () => {
    const model = new Sequential([layers.input({ shape: [1000] }), layers.dense({ units: 1500 })]);
    const path = join(folder, 'large', 'model.json');
    mkdirSync(join(folder, 'large'));
    await model.save(path);
    const { weightsManifest } = JSON.parse(readFileSync(path, 'utf8')) as {
      weightsManifest: { paths: string[] }[];
    };
    const sizes = firstOf(weightsManifest).paths.map(
      (name) => readFileSync(join(folder, 'large', name)).length,
    );
    expect(sizes).toEqual([4194304, 1500 * 1001 * 4 - 4194304]);
    const [kernel] = await (await loadModel(path)).getWeights();
    const [own] = await model.getWeights();
    expect(Buffer.compare(Buffer.from(kernel!.data.buffer), Buffer.from(own!.data.buffer))).toBe(0);
  });

  it.each<[string, () => layers.Layer[], RegExp]>([
    [
      'a class',
      () => [layers.groupNormalization({ groups: 1 })],
      /layers that TensorFlow\.js has .* received 'GroupNormalization'/,
    ],
    [
      'an option',
      () => [
        layers.reshape({ targetShape: [3, 1] }),
        layers.conv1d({ filters: 2, kernelSize: 1, groups: 1, padding: 'causal' }),
      ],
      /padding of Conv1D .* received 'causal'/,
    ],
    ['a number', () => [layers.elu({ alpha: 0.5 })], /options of ELU .* received 'alpha: 0\.5'/],
    [
      'another meaning',
      () => [layers.dense({ units: 1, activation: 'hardSigmoid' })],
      /activations of Dense .* received 'hard_sigmoid'/,
    ],
    ['another precision', () => [layers.dense({ units: 1, dtype: 'mixedBfloat16' })], /dtypes of Dense/],
    [
      'a way to compute',
      () => [layers.reshape({ targetShape: [3, 1] }), layers.gru({ units: 1 })],
      /reset_after of GRU .* received true/,
    ],
    [
      'an initializer',
      () => [layers.dense({ units: 1, kernelInitializer: drawn })],
      /kernel_initializer of Dense/,
    ],
  ])('without %s that it lacks are refused', async (_, members, message) => {
    const model = new Sequential([layers.input({ shape: [3] }), ...members()]);
    expect(await rejectionOf(model.save(join(folder, 'model.json')))).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(message) as string,
    });
  });
});

describe('files of TensorFlow.js that are not as they should be', () => {
  type Manifest = [{ paths: unknown; weights: Record<string, unknown>[] }];
  const changed = (
    change: (json: Record<string, unknown>, manifest: Manifest, parts: Record<string, string>) => void,
  ) => {
    const { json, parts } = structuredClone(entries['uint8']!) as unknown as {
      json: Record<string, unknown>;
      parts: Record<string, string>;
    };
    change(json, json['weightsManifest'] as Manifest, parts);
    return written('changed', { json, parts });
  };
  it.each<[string, () => string, RegExp]>([
    [
      'of another format',
      () => changed((json) => (json['format'] = 'graph-model')),
      /layers-model, received graph-model/,
    ],
    [
      'of a newer version',
      () =>
        changed(
          (json) =>
            ((json['modelTopology'] as Record<string, unknown>)['keras_version'] = 'tfjs-layers 5.0.0'),
        ),
      /TensorFlow\.js 4 or Keras 3 at most/,
    ],
    [
      'whose numbers were cut',
      () => changed((_, __, parts) => (parts['group1-shard1of1.bin'] = 'AAAA')),
      /bytes in group1-shard1of1\.bin, received 3 bytes/,
    ],
    ['whose numbers are not there', () => changed((_, [group]) => (group.paths = ['none.bin'])), /ENOENT/],
    [
      'with a file outside its folder',
      () => changed((_, [group]) => (group.paths = ['../model.json'])),
      /in the model's folder/,
    ],
    [
      'with one file twice',
      () => changed((_, [group]) => (group.paths = ['group1-shard1of1.bin', 'group1-shard1of1.bin'])),
      /different files/,
    ],
    [
      'with a shape that lies',
      () => changed((_, [{ weights }]) => (weights[0]!['shape'] = [1e9, 1e6])),
      /bytes in group1/,
    ],
    [
      'with a shape that is none',
      () => changed((_, [{ weights }]) => (weights[0]!['shape'] = [-1])),
      /a name and a shape/,
    ],
    [
      'with texts as weights',
      () => changed((_, [{ weights }]) => (weights[0]!['dtype'] = 'string')),
      /as dtype of/,
    ],
    [
      'with codes without a scale',
      () => changed((_, [{ weights }]) => (weights[0]!['quantization'] = { dtype: 'uint8', min: 0 })),
      /scale and min/,
    ],
    [
      'with a name twice',
      () => changed((_, [{ weights }]) => (weights[1]!['name'] = weights[0]!['name'])),
      /one tensor of a name/,
    ],
    ['without layers', () => changed((json) => delete json['modelTopology']), /with its layers/],
    [
      'without a list of weights',
      () => changed((json) => delete json['weightsManifest']),
      /a list weightsManifest/,
    ],
    [
      'that is no JSON',
      () => {
        writeFileSync(join(folder, 'text.json'), '{');
        return join(folder, 'text.json');
      },
      /JSON in the file/,
    ],
  ])('%s', async (_, path, message) => {
    expect(await rejectionOf(loadModel(path()))).toMatchObject({
      code: 'IO',
      message: expect.stringMatching(message) as string,
    });
  });

  it('at a URL are to be downloaded first', async () => {
    expect(await rejectionOf(loadModel('https://example.org/model.json'))).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(/no URL: download the files first/) as string,
    });
  });

  it('whose weights have other names change nothing', async () => {
    const model = row();
    const before = await model.getWeights();
    const path = written('uint8', entries['uint8']!);
    expect(await rejectionOf(model.loadWeights(path))).toMatchObject({ code: 'ARGUMENT' });
    expect(await model.getWeights()).toEqual(before);
    expect(model).toBeInstanceOf(Model);
  });
});
