/** Layers that change images while a model trains: their numbers, what they draw, and the ways to call them. */
import { atLeast, firstOf } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import {
  Model,
  Sequential,
  type Sym,
  type Tensor,
  compile,
  layers,
  ops,
  saving,
  setSeed,
  tensor,
} from '../lib/index.js';
import { factoryName } from '../lib/base/names.js';
import { layerConfig, layerFromConfig } from '../lib/layers/registry.js';
import { type Stored, readFixture, worst } from './fixtures/read.js';
import { type ImageLayer, numbersOf, picture } from './support/images.js';
import { openProgram } from './support/openProgram.js';
import { errorOf } from './support/run.js';

type Make = (options: object) => ImageLayer;

interface Row {
  layer: string;
  options: Record<string, unknown>;
  transformation: Record<string, unknown>;
  height: number;
  width: number;
  images: Stored;
  y: Stored;
  masks?: Stored;
  masksY?: Stored;
  boxes?: Stored;
  boxesY?: Stored;
  boxLabels?: Stored;
  boxLabelsY?: Stored;
  labels?: Stored;
  labelsY?: Stored;
}
const { entries } = readFixture('augmentation') as { entries: Row[] };

const made = (name: string, options: object): ImageLayer =>
  (layers as unknown as Record<string, Make>)[factoryName(name)]!(options);
const given = ({ data, shape, dtype }: Stored) => tensor(data, shape, dtype);
const isStored = (value: unknown): value is Stored =>
  typeof value === 'object' && value !== null && 'data' in value;

/** What a layer's transformation holds besides the numbers that Keras has, too. */
const besides: Record<string, (row: Row) => object> = {
  RandomCrop: ({ options: { height, width } }) => ({ size: [height, width] }),
};

/** The transformation of a row, and those of the layers within. */
function transformationOf(row: Row): object {
  const { height, width } = row;
  const own = (value: unknown): unknown => {
    if (isStored(value)) return given(value);
    if (Array.isArray(value)) return value.map(own);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([name, one]) => [name, own(one)]);
    return { ...(Object.fromEntries(entries) as object), height, width };
  };
  return { ...(own(row.transformation) as object), ...besides[row.layer]?.(row) };
}

describe('images are changed as Keras changes them by the same transformation', () => {
  const titled = entries.map((row) => [`${row.layer} ${JSON.stringify(row.options)}`, row] as const);
  // A pixel is a sum of up to 4 products with weights from coordinates: these are sums of up to 3 products of numbers up to a side of 7,
  // rounded by 2⁻²⁴ each in Keras and here, so the weights differ by up to 2 · 5 · 7 · 2⁻²⁴; each shifts the pixel by its difference from
  // its neighbour, up to 255, along two axes.
  const BOUND = 2 * 2 * 5 * 7 * 2 ** -24;
  it.each(titled)('%s', (_, row) => {
    const layer = made(row.layer, row.options);
    const t = transformationOf(row);
    const y = layer.transformImages(given(row.images), t);
    expect(y.shape).toEqual(row.y.shape);
    expect(y.dtype).toBe('float32');
    expect(worst(Float32Array.from(numbersOf(y)), row.y.data, 255)).toBeLessThan(BOUND);
    expect(numbersOf(layer.transformImages(given(row.images), t, false))).toEqual([...row.images.data]);
    // Bytes are the same images.
    const bytes = tensor(Uint8Array.from(row.images.data), row.images.shape);
    expect(numbersOf(layer.transformImages(bytes, t))).toEqual(numbersOf(y));
    if (row.labels) {
      const labels = layer.transformLabels(given(row.labels), t);
      // Two products and a sum of numbers up to 1.
      expect(worst(Float32Array.from(numbersOf(labels)), row.labelsY!.data, 1)).toBeLessThan(4 * 2 ** -24);
    }
    if (row.masks) {
      const masks = layer.transformSegmentationMasks(given(row.masks), t);
      expect(masks.dtype).toBe('int32');
      expect(numbersOf(masks)).toEqual([...row.masksY!.data]);
      const { shape } = row.masks;
      const flat = ops.squeeze(given(row.masks), shape.indexOf(1, 1));
      expect(numbersOf(layer.transformSegmentationMasks(flat, t))).toEqual([...row.masksY!.data]);
    }
    if (row.boxes) {
      const given_ = { boxes: given(row.boxes), labels: given(row.boxLabels!) };
      const { boxes, labels } = layer.transformBoundingBoxes(given_, t);
      // Sums of up to 3 products of numbers up to a side of 7, some 8 roundings after one another; shares are smaller.
      expect(worst(Float32Array.from(numbersOf(boxes)), row.boxesY!.data, 7)).toBeLessThan(16 * 2 ** -24);
      expect(numbersOf(labels)).toEqual([...row.boxLabelsY!.data]);
    }
  });
});

/** A layer of each kind, that changes pictures. */
const each: Record<string, () => ImageLayer> = {
  AugMix: () => layers.augMix({ numChains: 2, chainDepth: 2, seed: 3 }),
  AutoContrast: () => layers.autoContrast(),
  ContrastLimitedAdaptiveHistogramEqualization: () =>
    layers.contrastLimitedAdaptiveHistogramEqualization({ tileGridSize: [2, 2] }),
  CutMix: () => layers.cutMix({ seed: 3 }),
  Equalization: () => layers.equalization(),
  MaxNumBoundingBoxes: () => layers.maxNumBoundingBoxes({ maxNumber: 3 }),
  MixUp: () => layers.mixUp({ alpha: 1, seed: 3 }),
  RandAugment: () => layers.randAugment({ seed: 3 }),
  RandomBrightness: () => layers.randomBrightness({ factor: [0.1, 0.5], seed: 3 }),
  RandomColorDegeneration: () => layers.randomColorDegeneration({ factor: 0.5, seed: 3 }),
  RandomColorJitter: () =>
    layers.randomColorJitter({
      brightnessFactor: 0.3,
      contrastFactor: 0.5,
      saturationFactor: [0.2, 0.5],
      hueFactor: 0.2,
      seed: 3,
    }),
  RandomContrast: () => layers.randomContrast({ factor: [0.5, 0], seed: 3 }),
  RandomCrop: () => layers.randomCrop({ height: 3, width: 2, seed: 3 }),
  RandomElasticTransform: () => layers.randomElasticTransform({ factor: [1, 1], scale: [1, 1], seed: 3 }),
  RandomErasing: () => layers.randomErasing({ scale: [0.3, 0.6], seed: 3 }),
  RandomFlip: () => layers.randomFlip({ seed: 3 }),
  RandomGaussianBlur: () => layers.randomGaussianBlur({ factor: [1, 1], seed: 3 }),
  RandomGrayscale: () => layers.randomGrayscale({ seed: 3 }),
  RandomHue: () => layers.randomHue({ factor: 0.5, seed: 3 }),
  RandomInvert: () => layers.randomInvert({ factor: [0.5, 0.5], seed: 3 }),
  RandomPerspective: () => layers.randomPerspective({ factor: [1, 1], seed: 3 }),
  RandomPosterization: () => layers.randomPosterization({ factor: 5, seed: 3 }),
  RandomRotation: () => layers.randomRotation({ factor: 0.5, seed: 3 }),
  RandomSaturation: () => layers.randomSaturation({ factor: [0.2, 0.5], seed: 3 }),
  RandomSharpness: () => layers.randomSharpness({ factor: [0, 1], seed: 3 }),
  RandomShear: () => layers.randomShear({ xFactor: [0.3, 0.5], yFactor: [0, 0.5], seed: 3 }),
  RandomTranslation: () => layers.randomTranslation({ heightFactor: 0.5, widthFactor: 0.5, seed: 3 }),
  RandomZoom: () => layers.randomZoom({ heightFactor: 0.5, seed: 3 }),
  Solarization: () => layers.solarization({ additionFactor: 0.5, thresholdFactor: 0.5, seed: 3 }),
};

/** Layers that Keras gives no transformation to, with tests of their own below. */
const OTHERWISE = ['AugMix', 'RandAugment', 'RandomColorJitter', 'RandomElasticTransform'];

/** Layers that change images also where nothing trains, as in Keras. */
const ALWAYS = ['AutoContrast', 'ContrastLimitedAdaptiveHistogramEqualization', 'RandomCrop'];
/** Layers that leave images alone. */
const NEVER = ['MaxNumBoundingBoxes'];

/** Layers that make something of the sides before images come. */
const KNOWN = ['ContrastLimitedAdaptiveHistogramEqualization', 'RandomCrop', 'RandomElasticTransform'];
/** Layers that take no boxes. */
const NO_BOXES = ['CutMix', 'RandomElasticTransform'];

it('has a layer of each kind, and numbers of Keras', () => {
  const classes = Object.entries(layers)
    .filter(
      ([name, layer]) =>
        /^[A-Z]/.test(name) && 'getRandomTransformation' in (layer as { prototype: object }).prototype,
    )
    .map(([name]) => name);
  expect(Object.keys(each)).toEqual(classes.sort());
  const compared = new Set([...entries.map(({ layer }) => layer), ...OTHERWISE]);
  expect([...compared].sort()).toEqual(Object.keys(each));
});

describe.each(Object.entries(each))('%s', (name, make) => {
  const isRandom = 'seed' in make().getConfig();

  it('changes arrays at once: others each time, the same for a seed', () => {
    const [one, two] = [make(), make()];
    const calls = (layer: ImageLayer) => Array.from({ length: 8 }, () => numbersOf(layer.apply(picture())));
    const [a, b] = [calls(one), calls(two)];
    expect(a).toEqual(b);
    if (isRandom) expect(new Set(a.map(String)).size).toBeGreaterThan(1);
    if (name !== 'RandomCrop' && !NEVER.includes(name))
      expect(a.some((y) => String(y) !== String(numbersOf(picture())))).toBe(true);
    const key = [3, 2] as const;
    expect(numbersOf(make().apply(picture(), { key }))).toEqual(a[2]);
    expect(numbersOf(make().apply(picture(), { key: tensor([3, 2], [2], 'int32') }))).toEqual(a[2]);
  });

  it('takes bytes, nested arrays, single images, and leaves them alone where nothing trains', () => {
    const key = [1, 1] as const;
    const x = picture(1);
    const y = make().apply(x, { key });
    expect(y.dtype).toBe('float32');
    expect(numbersOf(make().apply(ops.cast(x, 'uint8'), { key }))).toEqual(numbersOf(y));
    expect(numbersOf(make().apply(x.arraySync(), { key }))).toEqual(numbersOf(y));
    const single = make().apply(ops.squeeze(x, 0), { key });
    expect(single.shape).toEqual(y.shape.slice(1));
    expect(numbersOf(single)).toEqual(numbersOf(y));
    const rest = make().apply(x, { training: false });
    expect(rest.shape).toEqual(y.shape);
    if (!ALWAYS.includes(name)) expect(numbersOf(rest)).toEqual(numbersOf(x));
  });

  it('changes the images of a model in training alone, whatever the batch', async () => {
    const layer = make();
    const step = (training: boolean) => compile((x: Sym) => layer.apply(x, { training }));
    const [train, test] = [step(true), step(false)];
    const [changed, rest] = [await train(picture()), await test(picture())];
    expect(numbersOf(rest)).toEqual(numbersOf(make().apply(picture(), { training: false })));
    if (isRandom && name !== 'RandomCrop') {
      const others = [changed];
      for (let i = 0; i < 7; i++) others.push(await train(picture()));
      expect(new Set(others.map((y) => String(numbersOf(y)))).size).toBeGreaterThan(1);
    }
    const x = layers.input({ shape: [5, 6, 3] });
    const model = new Model({ inputs: x, outputs: layer.apply(x) });
    expect(firstOf(model.outputs).shape).toEqual([-1, ...changed.shape.slice(1)]);
    expect(numbersOf(await model.predict(picture()))).toEqual(numbersOf(rest));
  });

  it('changes images of open sides as those of known ones, with their boxes and masks, or says that it needs the sides', () => {
    const layer = made(name, { ...make().getConfig(), boundingBoxFormat: 'xywh' });
    const part = (dtype: Tensor['dtype'], ...shape: number[]) => ({ dtype, shape });
    const hasBoxes = !NO_BOXES.includes(name);
    const program = (height: number, width: number) =>
      openProgram(
        [
          part('int32', 2),
          part('float32', -1, height, width, 3),
          part('int32', -1, height, width, 1),
          part('float32', -1, 2, 4),
          part('int32', -1, 2),
        ],
        (key, images, segmentationMasks, boxes, labels) => {
          const boundingBoxes = hasBoxes ? { boundingBoxes: { boxes, labels } } : {};
          const made = layer.apply({ images, segmentationMasks, ...boundingBoxes }, { training: true, key });
          const { boundingBoxes: moved } = made;
          return [made.images, made.segmentationMasks!, ...(moved ? [moved.boxes, moved.labels] : [])];
        },
      );
    if (KNOWN.includes(name)) {
      expect(errorOf(() => program(-1, -1)).code).toBe('SHAPE');
      return;
    }
    const masks = ops.cast(ops.slice(picture(), 0, [-1, -1, -1, 1]), 'int32');
    const [one, other] = [
      [0, 0, 2, 3],
      [1, 1, 4, 4],
    ];
    const given = [
      picture(),
      masks,
      tensor([one, other, other, one, one, one], [3, 2, 4]),
      ops.zeros([3, 2], 'int32'),
    ];
    const [open, known] = [program(-1, -1), program(5, 6)];
    for (let step = 0; step < 4; step++) {
      const feeds = [tensor([7, step], [2], 'int32'), ...given];
      const [ys, expected] = [open.runSilently(feeds), known.runSilently(feeds)];
      ys.forEach((y, i) =>
        expect([y.shape, numbersOf(y)]).toEqual([expected[i]!.shape, numbersOf(expected[i]!)]),
      );
    }
  });

  it('is made again by its configuration, also through Keras’s JSON, and draws the same', () => {
    const layer = make();
    const y = numbersOf(layer.apply(picture()));
    const own = layerFromConfig(JSON.parse(JSON.stringify(layerConfig(layer))) as never);
    const keras = saving.deserializeKerasObject(
      JSON.parse(JSON.stringify(saving.serializeKerasObject(layer))) as never,
    );
    for (const copy of [own, keras]) expect(numbersOf((copy as ImageLayer).apply(picture()))).toEqual(y);
  });

  it('refuses what are no images', () => {
    for (const wrong of [[1, 2], tensor([[1, 2]]), ops.reshape(picture(), [3, 5, 6, 3, 1])])
      expect(() => make().apply(wrong)).toThrow(expect.objectContaining({ code: 'SHAPE' }));
    expect(() => make().apply({ image: picture() } as never)).toThrow("did you mean 'images'");
    const boundingBoxes = { boxes: [[[0, 0, 1, 1]]], labels: [[1]] };
    expect(() => make().apply({ images: picture(1), boundingBoxes })).toThrow('boundingBoxFormat');
    expect(() => make().apply(picture(), { trainin: true } as never)).toThrow("did you mean 'training'");
  });
});

it('randomColorJitter is brightness, contrast, saturation and hue, one after another', () => {
  const valueRange = [0, 200] as const;
  const jitter = layers.randomColorJitter({
    valueRange,
    brightnessFactor: 0.3,
    contrastFactor: [0.2, 0.4],
    saturationFactor: [0.4, 0.6],
    hueFactor: 0.2,
  });
  const t = jitter.getRandomTransformation(picture())!;
  let x: Tensor = picture();
  x = layers.randomBrightness({ factor: 0, valueRange }).transformImages(x, t.brightness!);
  x = layers.randomContrast({ factor: 0, valueRange }).transformImages(x, t.contrast!);
  x = layers.randomSaturation({ factor: 0, valueRange }).transformImages(x, t.saturation!);
  x = layers.randomHue({ factor: 0, valueRange }).transformImages(x, t.hue!);
  expect(numbersOf(jitter.transformImages(picture(), t))).toEqual(numbersOf(x));
  // The four are drawn apart, and what has no factor is left out.
  const [brightness, contrast] = atLeast([t.brightness!.rgbDelta, t.contrast!.contrastFactor] as Tensor[], 2);
  expect(numbersOf(brightness).map((n) => n / 120 / 2 + 0.5)).not.toEqual(
    numbersOf(contrast).map((n) => (n - 0.8) / 0.6),
  );
  const none = layers.randomColorJitter();
  expect(numbersOf(none.apply(picture()))).toEqual(numbersOf(picture()));
});

describe('labelled images', () => {
  const labelled = () => ({
    images: picture(2),
    labels: [[1], [2]],
    boundingBoxes: {
      boxes: [
        [
          [0, 0, 2, 3],
          [1, 1, 4, 4],
        ],
        [
          [2, 2, 3, 3],
          [0, 0, 1, 1],
        ],
      ],
      labels: [
        [1, 2],
        [3, 4],
      ],
    },
    segmentationMasks: ops.cast(ops.slice(picture(2), 0, [-1, -1, -1, 1]), 'int32'),
  });

  it('masks and boxes go with their images', () => {
    const flip = layers.randomFlip({ mode: 'horizontal', seed: 1, boundingBoxFormat: 'xyxy' });
    let seen = 0;
    for (let i = 0; i < 8; i++) {
      const { images, labels, boundingBoxes, segmentationMasks } = flip.apply(labelled());
      expect(labels!.arraySync()).toEqual([[1], [2]]);
      const masks = ops.cast(ops.slice(images, 0, [-1, -1, -1, 1]), 'int32');
      expect(numbersOf(segmentationMasks!)).toEqual(numbersOf(masks));
      const before = numbersOf(ops.slice(picture(2), 0, [1, -1, -1, -1]));
      const isFlipped = String(numbersOf(ops.slice(images, 0, [1, -1, -1, -1]))) !== String(before);
      if (isFlipped) seen++;
      expect((boundingBoxes!.boxes.arraySync() as number[][][])[0]).toEqual(
        isFlipped
          ? [
              [4, 0, 6, 3],
              [2, 1, 5, 4],
            ]
          : labelled().boundingBoxes.boxes[0],
      );
      expect(boundingBoxes!.labels.arraySync()).toEqual(labelled().boundingBoxes.labels);
    }
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThan(8);
  });

  it('one image comes without the axis of the batch', () => {
    const zoom = layers.randomZoom({ heightFactor: 0.3, seed: 1, boundingBoxFormat: 'xywh' });
    const y = zoom.apply({
      images: ops.squeeze(picture(1), 0),
      labels: 3,
      boundingBoxes: { boxes: [[0, 0, 2, 3]], labels: [1] },
      segmentationMasks: ops.squeeze(ops.slice(picture(1), 0, [-1, -1, -1, 1])),
    });
    expect(y.images.shape).toEqual([5, 6, 3]);
    expect(y.labels!.shape).toEqual([]);
    expect(y.boundingBoxes!.boxes.shape).toEqual([1, 4]);
    expect(y.boundingBoxes!.labels.shape).toEqual([1]);
    expect(y.segmentationMasks!.shape).toEqual([5, 6]);
  });

  it('are taken inside compile, too', async () => {
    const turn = layers.randomRotation({ factor: 0.2, seed: 1, boundingBoxFormat: 'xyxy' });
    const step = compile((images: Sym, boxes: Sym, labels: Sym) => {
      const made = turn.apply({ images, boundingBoxes: { boxes, labels } }, { training: true });
      return { images: made.images, boxes: made.boundingBoxes!.boxes };
    });
    const { images, boundingBoxes } = labelled();
    const y = await step(images, boundingBoxes.boxes, boundingBoxes.labels);
    expect(y.images.shape).toEqual([2, 5, 6, 3]);
    expect(y.boxes.shape).toEqual([2, 2, 4]);
    expect(numbersOf(y.images)).not.toEqual(numbersOf(images));
  });

  it('a crop cuts boxes and masks as it cuts the images', () => {
    const crop = layers.randomCrop({ height: 2, width: 3, boundingBoxFormat: 'xyxy' });
    const t = { top: 1, left: 2, size: [2, 3] as const, before: { height: 5, width: 6 } };
    const boxes = tensor([
      [
        [0, 0, 4, 2],
        [3, 2, 4, 3],
        [0, 0, 1, 1],
      ],
    ]);
    const made = crop.transformBoundingBoxes({ boxes, labels: tensor([[5, 6, 7]], [1, 3], 'int32') }, t);
    expect(made.boxes.arraySync()).toEqual([
      [
        [0, 0, 2, 1],
        [1, 1, 2, 2],
        [0, 0, 0, 0],
      ],
    ]);
    expect(made.labels.arraySync()).toEqual([[5, 6, -1]]);
    const masks = crop.transformSegmentationMasks(
      tensor([Array.from({ length: 5 }, (_, i) => [0, 1, 2, 3, 4, 5].map((j) => 10 * i + j))]),
      t,
    );
    expect(masks.arraySync()).toEqual([
      [
        [12, 13, 14],
        [22, 23, 24],
      ],
    ]);
  });

  it('outputs of layers are refused: they have one value each', () => {
    const images = layers.input({ shape: [5, 6, 3] });
    expect(() => layers.randomFlip().apply({ images } as never)).toThrow('labelled images');
  });
});

it('setSeed decides the draws of layers that have no seed', () => {
  const drawn = () => {
    setSeed(7);
    return numbersOf(layers.randomRotation({ factor: 0.5 }).apply(picture()));
  };
  expect(drawn()).toEqual(drawn());
});

it('a model of these layers trains', async () => {
  const model = new Sequential([
    layers.input({ shape: [5, 6, 3] }),
    ...Object.values(each)
      .map((make) => make())
      .filter(({ className }) => className !== 'RandomCrop'),
    layers.flatten(),
    layers.dense({ units: 1 }),
  ]);
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const { history } = await model.fit(picture(4), [[1], [2], [3], [4]], {
    epochs: 2,
    batchSize: 2,
    verbose: 0,
  });
  expect(history['loss']).toHaveLength(2);
});

describe('wrong options', () => {
  it.each([
    ['mode', () => layers.randomFlip({ mode: 'horizontl' as never }), "did you mean 'horizontal'"],
    ['factor', () => layers.randomRotation({ factor: 1.5 }), 'from -1 up to 1'],
    ['factor', () => layers.randomRotation({ factor: [0, 1, 2] as never }), 'list of two'],
    ['heightFactor', () => layers.randomZoom({ heightFactor: -1 }), 'above -1 up to 1'],
    ['widthFactor', () => layers.randomTranslation({ heightFactor: 0, widthFactor: NaN }), 'NaN'],
    ['factor', () => layers.randomContrast({ factor: -0.1 }), 'from 0 up to 1'],
    ['valueRange', () => layers.randomBrightness({ factor: 0.1, valueRange: [1] as never }), 'two numbers'],
    ['height', () => layers.randomCrop({ height: 0, width: 1 }), 'positive integer'],
    ['fillMode', () => layers.randomZoom({ heightFactor: 0.1, fillMode: 'mirror' as never }), "'reflect'"],
    [
      'interpolation',
      () => layers.randomZoom({ heightFactor: 0.1, interpolation: 'bicubic' as never }),
      "'bilinear'",
    ],
    ['boundingBoxFormat', () => layers.randomFlip({ boundingBoxFormat: 'xxyy' as never }), "'xyxy'"],
    ['seed', () => layers.randomFlip({ seed: 0.5 }), 'an integer as seed'],
  ] as const)('%s', (name, make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: 'ARGUMENT' }));
    expect(make).toThrow(name);
    expect(make).toThrow(message);
  });
});
