// Weights of ImageNet for the nets of applications, and the names of its classes. The server of the tests answers for Keras's.
import { createServer } from 'node:http';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Model, NDArray, Sequential, optimizers, setSeed, applications, layers, ones } from '../lib/index.js';
import { efficientNetOf } from '../lib/applications/efficientnet.js';
import { weightFile } from '../lib/applications/weightFiles.js';
import { itemAt } from '../lib/base/list.js';
import { camelCase } from '../lib/base/names.js';
import { worst } from './fixtures/read.js';
import { rejectionOf } from './support/run.js';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-pretrained-'));
const files = new Map<string, Uint8Array>();
const asked: string[] = [];
const server = createServer((request, response) => {
  const path = request.url ?? '';
  asked.push(path);
  const found = files.get(path);
  response.writeHead(found ? 200 : 404).end(found);
});
const own = globalThis.fetch;
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  globalThis.fetch = (url, init) => own(`http://127.0.0.1:${port}${new URL(url).pathname}`, init);
});
afterEach(() => {
  asked.length = 0;
});
afterAll(() => {
  globalThis.fetch = own;
  server.close();
  rmSync(folder, { recursive: true });
});

interface Asked {
  readonly net: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly name: string;
  readonly url: string;
  readonly hash: string | null;
}
const ofKeras = JSON.parse(
  readFileSync(new URL('fixtures/weight_files.json', import.meta.url), 'utf8'),
) as Asked[];
const small = { alpha: 0.25, includeTop: false, pooling: 'avg', inputShape: [128, 128, 3] } as const;
const NAME = 'mobilenet_2_5_128_tf_no_top.h5';
const PATH = `/tensorflow/keras-applications/mobilenet/${NAME}`;
const cacheOf = (name: string) => join(folder, name);
const outputs = async (model: Model) => (await model.predict(ones([1, 128, 128, 3]))).data();

describe('weights of ImageNet', () => {
  it('are in the files that Keras takes', () => {
    const plain = ofKeras.filter(({ net }) => !net.startsWith('MobileNet'));
    for (const { net, options, name, url, hash } of plain) {
      const own = net === 'InceptionV3' ? 'inception_v3' : net.toLowerCase();
      expect(weightFile(own, options['include_top'] as boolean)).toEqual({
        name,
        url,
        hash,
        folder: 'models',
      });
    }
    expect(plain).toHaveLength(42);
  });

  it.each(
    ofKeras.filter(({ net, options }) => net.startsWith('MobileNet') && options['include_top'] === false),
  )('of $net with $options are asked for', async ({ net, options, url }) => {
    const given = Object.fromEntries(Object.entries(options).map(([key, value]) => [camelCase(key), value]));
    const made = (applications as unknown as Record<string, (options: object) => Promise<Model>>)[
      camelCase(net)
    ]!;
    const error = await rejectionOf(made({ ...given, weights: 'imagenet', cacheFolder: cacheOf('none') }));
    expect(error).toMatchObject({ code: 'IO', message: expect.stringContaining('HTTP 404') as string });
    expect(asked).toEqual([new URL(url).pathname]);
  });

  it('are downloaded once, kept, and read', async () => {
    const first = await applications.mobileNet(small);
    await first.saveWeights(join(folder, 'first.h5'));
    files.set(PATH, readFileSync(join(folder, 'first.h5')));
    const options = { ...small, weights: 'imagenet', cacheFolder: cacheOf('kept') } as const;
    const second = await applications.mobileNet(options);
    expect(asked).toEqual([PATH]);
    files.delete(PATH);
    const third = await applications.mobileNet(options);
    expect(asked).toEqual([PATH]);
    for (const model of [second, third]) expect(await outputs(model)).toEqual(await outputs(first));
  });

  it('that do not fit, are broken or cannot be had are refused', async () => {
    const options = (name: string) =>
      ({ ...small, weights: 'imagenet', cacheFolder: cacheOf(name) }) as const;
    const other = await applications.mobileNet({ ...small, alpha: 0.5 });
    await other.saveWeights(join(folder, 'other.h5'));
    files.set(PATH, readFileSync(join(folder, 'other.h5')));
    expect(await rejectionOf(applications.mobileNet(options('other')))).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(/\[mobileNet\] expected weights in .* that fit the model/) as string,
    });
    files.set(PATH, Buffer.from('no file of weights'));
    expect(await rejectionOf(applications.mobileNet(options('broken')))).toMatchObject({ code: 'IO' });
    files.set('/keras-applications/efficientnetb0_notop.h5', Buffer.from('other bytes'));
    const { includeTop, weights, cacheFolder } = options('hash');
    expect(
      await rejectionOf(applications.efficientNetB0({ includeTop, weights, cacheFolder })),
    ).toMatchObject({
      code: 'IO',
      message: expect.stringMatching(
        /\[efficientNetB0\] expected to download .*md5 50bc09e76180e00e4465e1a485ddc09d.* put the file at .*efficientnetb0_notop\.h5 yourself/,
      ) as string,
    });
    expect(existsSync(join(cacheOf('hash'), 'efficientnetb0_notop.h5'))).toBe(false);
    const signal = AbortSignal.abort();
    expect(await rejectionOf(applications.mobileNet({ ...options('aborted'), signal }))).toMatchObject({
      code: 'ABORTED',
    });
  });

  it.each([
    ['vgg16', { classes: 10 }, /\[vgg16\] expected 1000 classes/],
    ['vgg16', { classifierActivation: 'relu' }, /expected softmax or null as classifierActivation/],
    ['resNet18', {}, /\[resNet18\] expected the path of a file or null .* Keras publishes none/],
    ['efficientNetLite0', {}, /Keras publishes none/],
    ['mobileNet', { alpha: 0.3 }, /Keras publishes none/],
    ['mobileNet', { depthMultiplier: 2 }, /Keras publishes none/],
    ['mobileNetV2', { alpha: 0.3 }, /Keras publishes none/],
    ['mobileNetV3Small', { alpha: 0.75, minimalistic: true }, /Keras publishes none/],
    ['mobileNet', { weights: 3 }, /expected 'imagenet', the path of a file or null as weights/],
  ])('are refused for %s with %j', async (net, options, message) => {
    const made = (applications as unknown as Record<string, (options: object) => Promise<Model>>)[net]!;
    const error = await rejectionOf(made({ weights: 'imagenet', ...options }));
    expect(error).toMatchObject({ code: 'ARGUMENT', message: expect.stringMatching(message) as string });
    expect(asked).toEqual([]);
  });

  it('of EfficientNet come with the scale of the images that they were trained on', async () => {
    const plain = await applications.efficientNetB0({ includeTop: false, inputShape: [32, 32, 3] });
    const scales = (model: Model) => model.layers.filter((layer) => layer instanceof layers.Rescaling);
    expect(scales(plain)).toHaveLength(1);
    const sizes = { name: 'b0', size: 224, width: 1, depth: 1, dropout: 0.2 };
    const x = layers.input({ shape: [32, 32, 3] });
    const model = new Model({ inputs: x, outputs: efficientNetOf(sizes, 'imagenet').body(x) });
    expect(scales(model).map((layer) => layer.getConfig()['scale'])).toEqual([
      1 / 255,
      [0.229, 0.224, 0.225].map((deviation) => 1 / Math.sqrt(deviation)),
    ]);
  });
});

describe('weights that Keras has written', () => {
  const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));

  it.each(['h5', 'weights.h5'])('in .%s give the same outputs', async (ending) => {
    const { side, predicted } = JSON.parse(fixture('mobilenet.json').toString()) as {
      side: number;
      predicted: number[];
    };
    const weights = join(folder, `mobilenet.${ending}`);
    writeFileSync(weights, gunzipSync(fixture(`files/mobilenet.${ending}.gz`)));
    const inputShape = [side, side, 3];
    const model = await applications.mobileNet({ alpha: 0.05, classes: 3, inputShape, weights });
    const wave = (_: unknown, i: number) => Math.sin(i * 0.013);
    const image = new NDArray(Float32Array.from({ length: side * side * 3 }, wave), [1, ...inputShape]);
    const outputs = await (await model.predict(image)).data();
    // Some 80 layers, each with roundings of 2⁻²⁴; what comes out are shares of 1.
    expect(worst(outputs, Float32Array.from(predicted), 1)).toBeLessThan(80 * 2 ** -24);
  });
});

describe('files of weights that do not fit', () => {
  const net = (name: string, units: number) =>
    new Sequential([
      layers.input({ shape: [3] }),
      layers.dense({ units: 4, name: 'first' }),
      layers.dense({ units, name }),
    ]);
  const shallow = () =>
    new Sequential([layers.input({ shape: [3] }), layers.dense({ units: 4, name: 'first' })]);

  it.each(['keras', 'weights.h5', 'h5', 'safetensors'])(
    'are refused in .%s by one error, and change nothing',
    async (ending) => {
      const model = net('last', 2);
      model.compile({ optimizer: 'adam', loss: 'mse' });
      await model.trainOnBatch([[1, 2, 3]], [[1, 2]]);
      const before = await model.getWeights();
      const steps = model.optimizer.iterations;
      const count = async () => (await steps.data())[0];
      const others = { 'other shapes': net('last', 5), 'fewer layers': shallow() };
      for (const [name, other] of Object.entries(others)) {
        const path = join(folder, `${name}.${ending}`);
        await (ending === 'keras' ? other.save(path) : other.saveWeights(path));
        expect(await rejectionOf(model.loadWeights(path))).toMatchObject({
          code: 'ARGUMENT',
          message: expect.stringMatching(
            /^\[loadWeights\] expected (weights|2 layers with weights) in /,
          ) as string,
        });
        expect(await model.getWeights()).toEqual(before);
        expect(await count()).toBe(1);
      }
    },
  );

  it('by other names are refused where names count', async () => {
    const model = net('last', 2);
    const before = await model.getWeights();
    const path = join(folder, 'names.safetensors');
    await net('other', 2).saveWeights(path);
    expect(await rejectionOf(model.loadWeights(path))).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringContaining("nothing as 'last/kernel' for [4, 2]") as string,
    });
    expect(await model.getWeights()).toEqual(before);
  });
});

describe('fine-tuning', () => {
  it('cuts layers off, trains a head on frozen layers, and then all of them', async () => {
    setSeed(3);
    const options = { alpha: 0.25, includeTop: false, inputShape: [32, 32, 3] } as const;
    const weights = join(folder, 'tuned.safetensors');
    const first = await applications.mobileNet(options);
    await first.saveWeights(weights);
    const base = await applications.mobileNet({ ...options, weights });
    expect(await base.getWeights()).toEqual(await first.getWeights());

    // Six blocks of thirteen.
    const cut = base.getLayer('conv_pw_6_relu').output as layers.KerasTensor;
    base.trainable = false;
    const pooled = layers.globalAveragePooling2d().apply(cut);
    // Weights that saw no images make small features.
    const scaled = layers.batchNormalization({ epsilon: 1e-12, name: 'head_norm' }).apply(pooled);
    const outputs = layers.dense({ units: 2, activation: 'softmax', name: 'head' }).apply(scaled);
    const model = new Model({ inputs: itemAt(base.inputs, 0), outputs });
    expect(model.layers.some(({ name }) => name.startsWith('conv_pw_7'))).toBe(false);
    const kept = model.layers.filter(({ name }) => !name.startsWith('head'));
    const frozen = async () =>
      Promise.all(
        kept.flatMap(({ weights: own }) => own.map(async (weight) => Array.from(await weight.data()))),
      );
    expect(model.trainableWeights.map(({ name }) => name)).toEqual([
      'head_norm/gamma',
      'head_norm/beta',
      'head/kernel',
      'head/bias',
    ]);

    // Dark and bright images.
    const pixel = (_: unknown, i: number) => (i < 4 * 32 * 32 * 3 ? -0.8 : 0.8) + 0.2 * Math.sin(i);
    const x = new NDArray(Float32Array.from({ length: 8 * 32 * 32 * 3 }, pixel), [8, 32, 32, 3]);
    const y = [0, 0, 0, 0, 1, 1, 1, 1];
    const fit = async (learningRate: number) => {
      model.compile({ optimizer: optimizers.adam({ learningRate }), loss: 'sparseCategoricalCrossentropy' });
      const { history } = await model.fit(x, y, { epochs: 20, batchSize: 8, verbose: 0 });
      return history['loss']!;
    };
    const before = await frozen();
    const head = await fit(0.003);
    expect(head.at(-1)).toBeLessThan(head[0]! / 2);
    expect(await frozen()).toEqual(before);

    base.trainable = true;
    const whole = await fit(1e-3);
    expect(whole.at(-1)).toBeLessThan(whole[0]!);
    const after = await frozen();
    expect(after.some((values, i) => values.some((value, k) => value !== before[i]![k]))).toBe(true);
  });
});

describe('decodePredictions', () => {
  const index = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [i, [`n${i}`, `class ${i}`]]));
  const place = join(folder, 'imagenet_class_index.json');
  writeFileSync(place, JSON.stringify(index));
  const scores = new Float32Array(2000);
  scores.set([0.5, 0.25, 0.125], 10);
  scores.set([0.1, 0.9], 1998);

  it.each([place, folder])('tells the classes with the highest scores', async (path) => {
    const decoded = await applications.decodePredictions(new NDArray(scores, [2, 1000]), { top: 2, path });
    expect(decoded).toEqual([
      [
        ['n10', 'class 10', 0.5],
        ['n11', 'class 11', 0.25],
      ],
      [
        ['n999', 'class 999', Math.fround(0.9)],
        ['n998', 'class 998', Math.fround(0.1)],
      ],
    ]);
    const [five] = await applications.decodePredictions(new NDArray(scores, [2, 1000]), { path });
    expect(five).toHaveLength(5);
  });

  it('refuses other shapes, files and options', async () => {
    const given = new NDArray(scores, [2, 1000]);
    const wrong = join(folder, 'wrong.json');
    writeFileSync(wrong, '{"0": ["n0", 1]}');
    const cut = join(folder, 'cut.json');
    writeFileSync(cut, '{"0": ["n0"');
    const cases: [() => Promise<unknown>, string, RegExp][] = [
      [
        () => applications.decodePredictions(new NDArray(scores, [4, 500]), { path: place }),
        'SHAPE',
        /\[images, 1000\]/,
      ],
      [() => applications.decodePredictions(given, { path: wrong }), 'IO', /1000 classes of ImageNet/],
      [() => applications.decodePredictions(given, { path: cut }), 'IO', /expected JSON/],
      [() => applications.decodePredictions(given, { path: join(folder, 'none.json') }), 'IO', /none\.json/],
      [
        () => applications.decodePredictions(given, { cacheFolder: folder }),
        'IO',
        /md5 c2c37ea517e94d9795004a39431a14cb/,
      ],
      [
        () => applications.decodePredictions(given, { cacheFolder: cacheOf('none') }),
        'IO',
        /HTTP 404.*yourself/,
      ],
      [
        () => applications.decodePredictions(given, { top: 0, path: place }),
        'ARGUMENT',
        /positive integer for top/,
      ],
    ];
    for (const [failed, code, message] of cases)
      expect(await rejectionOf(failed())).toMatchObject({
        code,
        message: expect.stringMatching(message) as string,
      });
  });
});
