import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { firstOf, itemAt, sizeOf } from '../lib/base/list.js';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type CompileOptions,
  Model,
  type OutputStructure,
  Sequential,
  type Sym,
  type Tensor,
  layers,
  loadModel,
  losses,
  metrics,
  modelFromJson,
  saving,
} from '../lib/index.js';
import { writeWhole } from '../lib/base/wholeFile.js';
import { savedGroups } from '../lib/models/savedGroups.js';
import { Zip, zipParts } from '../lib/base/zip.js';
import { rejectionOf } from './support/run.js';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-files-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const lines = (name: string) => gunzipSync(fixture(name)).toString().split('\n');

interface Entry {
  x: number[][];
  y: number[][];
  predicted: number[][];
  losses: number[];
}
const entries = Object.entries(JSON.parse(fixture('files.json').toString()) as Record<string, Entry>);

/** A file that Keras has written, in the folder. */
function kerasFile(name: string): string {
  const path = join(folder, `${name}.keras`);
  writeFileSync(path, gunzipSync(fixture(`files/${name}.keras.gz`)));
  return path;
}

async function train(model: Model<OutputStructure>, { x, y }: Entry, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push((await model.trainOnBatch(x, y))['loss']!);
  return losses;
}

const numbers = async (model: Model<OutputStructure>, x: number[][]) =>
  Array.from(await ((await model.predict(x)) as Tensor).data());

/** Sums of some 20 products of float32, in another order: a few of their last digits. */
const near = (actual: number[], wanted: number[], bound: number) => {
  expect(actual).toHaveLength(wanted.length);
  actual.forEach((value, i) =>
    expect(Math.abs(value - itemAt(wanted, i))).toBeLessThan(
      bound * Math.max(1, Math.abs(itemAt(wanted, i))),
    ),
  );
};

describe('files of Keras', () => {
  it.each(entries)('%s is read, predicts and trains on as in Keras', async (name, entry) => {
    const model = await loadModel(kerasFile(name));
    near(await numbers(model, entry.x), entry.predicted.flat(), 1e-6);
    // Keras's rule there reads a mean after it has changed it where torch computes: its steps are others, and the first loss is of the file.
    const steps = name === 'schedule_free' ? 1 : 3;
    near(await train(model, entry, steps), entry.losses.slice(3, 3 + steps), 1e-5);
  });

  it.each(entries)('%s goes on from a file written here', async (name, entry) => {
    const model = await loadModel(kerasFile(name));
    const path = join(folder, `${name}-again.keras`);
    await model.save(path);
    const again = await loadModel(path);
    expect(await numbers(again, entry.x)).toEqual(await numbers(model, entry.x));
    expect(await train(again, entry, 3)).toEqual(await train(model, entry, 3));
  });
});

describe('weights in the layout of Keras 2', () => {
  /** Written by Keras: see make_legacy_files.py. */
  function legacyFile(name: string): string {
    const path = join(folder, `${name}.h5`);
    writeFileSync(path, gunzipSync(fixture(`files/${name}.h5.gz`)));
    return path;
  }
  const dense = (name: string, units: number) => layers.dense({ units, name });
  const row = (...members: layers.Layer[]) => new Sequential([layers.input({ shape: [3] }), ...members]);
  const flat = async (model: Model<OutputStructure>) =>
    Promise.all(model.weights.map(async (weight) => Array.from(await weight.data())));

  it('are read by the order of layers, and predict as in Keras', async () => {
    const entry = entries.find(([name]) => name === 'net')![1];
    const model = await loadModel(kerasFile('net'));
    for (const weight of model.weights) weight.assign(new Float32Array(sizeOf(weight.shape)));
    await model.loadWeights(legacyFile('net'));
    near(await numbers(model, entry.x), entry.predicted.flat(), 1e-6);
  });

  it('are read where the list of layers takes several attributes', async () => {
    const model = row(dense('x', 2), dense('y', 1));
    await model.loadWeights(legacyFile('names'));
    expect(await flat(model)).toEqual([[0, 1, 2, 3, 4, 5], [0, 1], [0, 1], [0]]);
  });

  it('are read by the names of layers, whatever their order', async () => {
    const model = row(dense('other', 2), dense('b', 1), dense('last', 2));
    const before = await flat(model);
    await model.loadWeights(legacyFile('names'), { byName: true });
    expect(await flat(model)).toEqual([...before.slice(0, 2), [0, 1], [0], ...before.slice(4)]);
  });

  it('that do not fit change nothing, or are left out', async () => {
    const model = row(dense('a', 2), dense('b', 2));
    const before = await flat(model);
    const path = legacyFile('names');
    for (const byName of [false, true]) {
      expect(await rejectionOf(model.loadWeights(path, { byName }))).toMatchObject({
        code: 'ARGUMENT',
        message: expect.stringMatching(/\[2, 1\] at model_weights\/b\/.* for \[2, 2\] of 'b'/) as string,
      });
      expect(await flat(model)).toEqual(before);
    }
    await model.loadWeights(path, { byName: true, skipMismatch: true });
    expect(await flat(model)).toEqual([[0, 1, 2, 3, 4, 5], [0, 1], ...before.slice(2)]);
  });

  it('are refused for other counts of layers, other layouts and byName for other files', async () => {
    const path = legacyFile('names');
    expect(await rejectionOf(row(dense('a', 2)).loadWeights(path))).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(/1 layers with weights .* received 2/) as string,
    });
    const model = row(dense('a', 2));
    await model.saveWeights(join(folder, 'a.weights.h5'));
    copyFileSync(join(folder, 'a.weights.h5'), join(folder, 'a.h5'));
    expect(await rejectionOf(model.loadWeights(join(folder, 'a.h5')))).toMatchObject({
      code: 'IO',
      message: expect.stringMatching(/no layer_names/) as string,
    });
    expect(
      await rejectionOf(model.loadWeights(join(folder, 'a.weights.h5'), { byName: true })),
    ).toMatchObject({ code: 'ARGUMENT' });
  });
});

it('weights are at the paths of Keras, in all models of the fixtures', () => {
  const texts = lines('models.json.gz');
  const paths = lines('paths.json.gz');
  let compared = 0;
  for (const [i, text] of texts.entries()) {
    let model: Model<OutputStructure>;
    try {
      model = modelFromJson(text);
    } catch {
      continue; // what is not here has its test in keras-json.test.ts
    }
    const found = savedGroups(model).flatMap(({ path, values }) =>
      values.map(({ shape }, j) => [`${path}${path && '/'}vars/${j}`, shape]),
    );
    const wanted = Object.entries(JSON.parse(itemAt(paths, i)) as Record<string, number[]>).filter(
      ([path]) => !path.startsWith('optimizer/'),
    );
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted));
    compared++;
  }
  expect(compared).toBeGreaterThanOrEqual(119);
});

const row = (units = 2) =>
  new Sequential([layers.input({ shape: [3] }), layers.dense({ units: 4 }), layers.dense({ units })]);
const at = (name: string) => join(folder, name);

describe('files that are not as they should be', () => {
  /** A file whose bytes or members were changed. */
  const changed = (
    change: (members: Record<string, Uint8Array>) => void,
    then = (bytes: Uint8Array) => bytes,
  ) => {
    const zip = new Zip('test', 'sgd', readFileSync(kerasFile('sgd')));
    const members = Object.fromEntries(zip.names.map((name) => [name, zip.read(name)]));
    change(members);
    const parts = zipParts(
      'test',
      'sgd',
      Object.entries(members).map(([name, bytes]) => ({ name, bytes })),
    );
    writeFileSync(at('changed.keras'), then(Buffer.concat(parts)));
    return at('changed.keras');
  };
  const text = (value: unknown) => Buffer.from(JSON.stringify(value));

  it.each<[string, () => string, RegExp]>([
    [
      'cut',
      () =>
        changed(
          () => undefined,
          (bytes) => bytes.subarray(0, bytes.length / 2),
        ),
      /whole zip archive/,
    ],
    [
      'one bit of the weights flipped',
      () =>
        changed(
          () => undefined,
          (bytes) => {
            bytes[bytes.length / 2] = itemAt(bytes, bytes.length / 2) ^ 1;
            return bytes;
          },
        ),
      /bytes of model\.weights\.h5 that were written/,
    ],
    [
      'empty',
      () =>
        changed(
          () => undefined,
          () => new Uint8Array(0),
        ),
      /whole zip archive/,
    ],
    [
      'of a newer version',
      () => changed((members) => (members['metadata.json'] = text({ keras_version: '4.0.0' }))),
      /file of Keras 3, received version 4/,
    ],
    [
      'without weights',
      () => changed((members) => delete members['model.weights.h5']),
      /a member model\.weights/,
    ],
    [
      'with weights that were cut',
      () =>
        changed((members) => (members['model.weights.h5'] = members['model.weights.h5']!.subarray(0, 4000))),
      /whole HDF5 file, received truncated file/,
    ],
    [
      'with more weights in its layers than it has',
      () =>
        changed((members) => {
          const config = JSON.parse(Buffer.from(members['config.json']!).toString()) as {
            config: { layers: { config: { units?: number } }[] };
          };
          itemAt(config.config.layers, 1).config.units = 1e9;
          members['config.json'] = text(config);
        }),
      /no more weights than the file has/,
    ],
    [
      'with a configuration that is nested deeply',
      () => changed((members) => (members['config.json'] = Buffer.from('['.repeat(1e6) + ']'.repeat(1e6)))),
      /Keras's JSON|JSON in config/,
    ],
    ['that is not there', () => at('none.keras'), /ENOENT/],
  ])('%s', async (_, path, message) => {
    expect(await rejectionOf(loadModel(path()))).toMatchObject({
      code: 'IO',
      message: expect.stringMatching(message) as string,
    });
  });

  it('a member that would unpack to far more is refused before memory is taken', () => {
    const parts = zipParts('test', 'bomb', [{ name: 'a', bytes: new Uint8Array(100) }]);
    const bytes = Buffer.concat(parts);
    const directory = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    bytes.writeUInt16LE(8, directory + 10);
    bytes.writeUInt32LE(0xfffffff0, directory + 24);
    expect(() => new Zip('test', 'bomb', bytes).read('a')).toThrow(/at most 200 times/);
  });

  it('weights that do not fit change nothing, or are left out', async () => {
    const [model, other] = [row(), row(5)];
    await model.saveWeights(at('row.weights.h5'));
    const before = await other.getWeights();
    expect(await rejectionOf(other.loadWeights(at('row.weights.h5')))).toMatchObject({ code: 'ARGUMENT' });
    expect(await other.getWeights()).toEqual(before);
    await other.loadWeights(at('row.weights.h5'), { skipMismatch: true });
    const [given, after] = [await model.getWeights(), await other.getWeights()];
    expect(after.slice(0, 2)).toEqual(given.slice(0, 2));
    expect(after.slice(2)).toEqual(before.slice(2));
  });

  it('a write that fails leaves the file that was there, and nothing else', async () => {
    const own = at('own');
    mkdirSync(own);
    const path = join(own, 'a.keras');
    writeFileSync(path, 'before');
    function* failing() {
      yield new Uint8Array(10);
      throw new Error('ENOSPC: no space left on device');
    }
    expect(await rejectionOf(writeWhole('save', path, failing()))).toMatchObject({
      code: 'IO',
      message: expect.stringMatching(/no space left/) as string,
    });
    expect([readdirSync(own), readFileSync(path, 'utf8')]).toEqual([['a.keras'], 'before']);
    // What a process has left that was killed while it wrote; no process has the number.
    writeFileSync(join(own, '.a.keras.4194999.0123abcd.tmp'), '');
    await row().save(path);
    expect(readdirSync(own)).toEqual(['a.keras']);
    expect(await rejectionOf(row().save(path, { overwrite: false }))).toMatchObject({ code: 'IO' });
    expect(await rejectionOf(row().save(join(own, 'none', 'a.keras')))).toMatchObject({ code: 'IO' });
    expect(await rejectionOf(row().save(join(own, 'a.txt')))).toMatchObject({ code: 'ARGUMENT' });
  });
});

describe('models', () => {
  class Net extends Model {
    override readonly className: string = 'Net';
    readonly headLayer = layers.dense({ units: 2 });
    readonly blocks = [layers.dense({ units: 3 }), { inner: layers.dense({ units: 3 }) }];
    override call(x: Sym) {
      const [first, { inner }] = this.blocks as [layers.Dense, { inner: layers.Dense }];
      return this.headLayer.apply(inner.apply(first.apply(x)));
    }
  }

  it('with a call of their own have weights by the names of their fields, as in Python', async () => {
    const model = new Net();
    model.build([null, 4]);
    const paths = savedGroups(model).flatMap(({ path, values }) => (values.length > 0 ? [path] : []));
    expect(paths).toEqual(['blocks/dense', 'blocks/container/dense', 'head_layer']);
    await model.save(at('net.keras'));
    const again = await loadModel(at('net.keras'), { customObjects: { Net } });
    expect(await again.getWeights()).toEqual(await model.getWeights());
    expect(await rejectionOf(loadModel(at('net.keras')))).toMatchObject({ code: 'ARGUMENT' });
  });

  it('are loaded as they were not compiled, where that is asked for', async () => {
    const model = await loadModel(kerasFile('adam'), { compile: false });
    expect(model.getCompileConfig()).toBeUndefined();
  });

  it('with a Lambda need consent', async () => {
    const double = (x: Sym) => x;
    const text = saving.customObjectScope({ double }, () => JSON.stringify(row()));
    const json = JSON.parse(text) as { config: { layers: object[] } };
    json.config.layers.push({
      module: 'keras.layers',
      class_name: 'Lambda',
      config: {},
      registered_name: null,
    });
    const zip = new Zip('test', 'sgd', readFileSync(kerasFile('sgd')));
    const members = zip.names.map((name) => ({
      name,
      bytes: name === 'config.json' ? Buffer.from(JSON.stringify(json)) : zip.read(name),
    }));
    writeFileSync(at('lambda.keras'), Buffer.concat(zipParts('test', 'x', members)));
    expect(await rejectionOf(loadModel(at('lambda.keras')))).toMatchObject({
      message: expect.stringMatching(/safeMode/) as string,
    });
  });
});

describe('safetensors', () => {
  it('hold weights by their names, and are read with other ones', async () => {
    const [model, other] = [row(), row()];
    await model.saveWeights(at('row.safetensors'));
    const names = model.layers.flatMap(({ name }) => [`${name}/kernel`, `${name}/bias`]);
    const own = other.layers.flatMap(({ name }) => [`${name}/kernel`, `${name}/bias`]);
    const nameMap = Object.fromEntries(own.map((name, i) => [name, itemAt(names, i)]));
    await other.loadWeights(at('row.safetensors'), { nameMap });
    expect(await other.getWeights()).toEqual(await model.getWeights());
    const bytes = readFileSync(at('row.safetensors'));
    const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString()) as Record<
      string,
      { dtype: string; shape: number[]; data_offsets: number[] }
    >;
    expect(Object.keys(header)).toEqual(['__metadata__', ...names]);
    expect(header[firstOf(names)]).toEqual({ dtype: 'F32', shape: [3, 4], data_offsets: [0, 48] });
    expect(await rejectionOf(row().loadWeights(at('row.safetensors')))).toMatchObject({ code: 'ARGUMENT' });
  });

  const header = (tensors: object, numbers: Uint8Array, length?: number) => {
    const text = Buffer.from(JSON.stringify(tensors));
    const head = Buffer.alloc(8);
    head.writeBigUInt64LE(BigInt(length ?? text.length));
    writeFileSync(at('own.safetensors'), Buffer.concat([head, text, numbers]));
    return at('own.safetensors');
  };
  const one = (dtype: string, shape: number[], end: number) => ({
    'd/kernel': { dtype, shape, data_offsets: [0, end] },
  });
  const scalar = () =>
    new Sequential([layers.input({ shape: [1] }), layers.dense({ units: 1, useBias: false, name: 'd' })]);

  it.each<[string, number[], number]>([
    ['F16', [0x00, 0xc1], -2.5],
    ['F16', [0x01, 0x00], 2 ** -24],
    ['BF16', [0x20, 0xc0], -2.5],
    ['F64', [0, 0, 0, 0, 0, 0, 4, 192], -2.5],
    ['I64', [254, 255, 255, 255, 255, 255, 255, 255], -2],
    ['U32', [255, 255, 255, 127], 2147483647],
  ])('%s %j is %d', async (dtype, bytes, value) => {
    const model = scalar();
    await model.loadWeights(header(one(dtype, [1, 1], bytes.length), Uint8Array.from(bytes)));
    expect(Array.from(firstOf(await model.getWeights()).data)).toEqual([Math.fround(value)]);
  });

  it.each<[string, () => string, RegExp]>([
    ['a header beyond the file', () => header({}, new Uint8Array(0), 1e9), /a header within/],
    ['a length of more than memory', () => header({}, new Uint8Array(0), 2 ** 60), /a header within/],
    ['numbers beyond the file', () => header(one('F32', [1, 1], 4), new Uint8Array(2)), /within 2 bytes/],
    ['a shape that lies', () => header(one('F32', [1e9, 1e9], 4), new Uint8Array(4)), /within 4 bytes/],
    ['a dtype that is not known', () => header(one('F8', [1, 1], 1), new Uint8Array(1)), /as dtype/],
    ['no JSON', () => header([1], new Uint8Array(0)), /an object/],
  ])('%s is refused', async (_, path, message) => {
    expect(await rejectionOf(scalar().loadWeights(path()))).toMatchObject({
      code: 'IO',
      message: expect.stringMatching(message) as string,
    });
  });
});

describe('what compile was given as objects', () => {
  const made = () => {
    const given = layers.input({ shape: [3] });
    const outputs = ['first', 'second'].map((name) => layers.dense({ units: 2, name }).apply(given));
    return new Model({ inputs: given, outputs });
  };
  const loss = () => losses.categoricalCrossentropy({ fromLogits: true });
  it.each<[string, CompileOptions]>([
    ['one loss', { loss: loss() }],
    ['a list', { loss: [loss(), 'mse'] }],
    ['a record', { loss: { first: loss(), second: losses.huber({ delta: 2 }) } }],
    ['metrics', { loss: 'mse', metrics: [[metrics.auc()], [metrics.meanAbsoluteError()]] }],
    ['metrics by names', { loss: 'mse', metrics: { first: metrics.auc({ numThresholds: 10 }) } }],
    ['weighted metrics', { loss: 'mse', weightedMetrics: { second: [metrics.meanSquaredError()] } }],
  ])('%s', async (name, options) => {
    const model = made();
    model.compile({ optimizer: 'sgd', ...options });
    const path = join(folder, `${name}.keras`);
    await model.save(path);
    const again = await loadModel(path);
    expect(again.getCompileConfig()).toEqual(model.getCompileConfig());
    const [x, y] = [[[1, 2, 3]], [[0, 1]]];
    again.setWeights(await model.getWeights());
    expect(await again.evaluate(x, [y, y], { verbose: 0 })).toEqual(
      await model.evaluate(x, [y, y], { verbose: 0 }),
    );
  });
});
