/** utils.boundingBoxes against Keras's functions (fixtures/make_bounding_boxes.py). */
import { readFileSync } from 'node:fs';
import { Model, type Sym, compile, grad, layers, ops, tensor, utils } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { errorOf } from './support/run.js';

const { boundingBoxes } = utils;
type Format = utils.boundingBoxes.BoundingBoxFormat;
type Nested = number[] | number[][] | number[][][];
type Middle = 'centerXywh' | 'centerYxhw';

interface Fixture {
  height: number;
  width: number;
  conversions: { boxes: number[][][]; source: Format; target: Format; made: Nested }[];
  integers: { boxes: number[][]; target: Format; made: Nested }[];
  clipped: {
    boxes: number[][][];
    labels: number[][];
    format: 'xyxy' | 'relXyxy';
    made: { boxes: Nested; labels: Nested };
  }[];
  affine: { boxes: number[][][]; options: Omit<AffineOptions, 'height' | 'width'>; made: number[][][] }[];
  crop: { boxes: number[][][]; made: Nested };
  pad: { boxes: number[][][]; made: Nested };
  deltas: {
    anchors: number[][];
    boxes: number[][][];
    anchorFormat: Format;
    boxFormat: Format;
    middle: Middle;
    variance: number[] | null;
    deltas: Nested;
    given: number[][][];
    decoded: Nested;
  }[];
  overlaps: {
    boxes1: number[][];
    boxes2: number[][];
    options: utils.boundingBoxes.IouOptions;
    made: Nested;
  }[];
  complete: { boxes1: number[][][]; boxes2: number[][][]; format: Format; made: Nested }[];
  gradients: {
    name: 'computeIou' | 'computeCiou';
    boxes1: number[][];
    boxes2: number[][];
    gradients: [Nested, Nested];
  }[];
}
type AffineOptions = utils.boundingBoxes.AffineTransformOptions;

const fixture = JSON.parse(
  readFileSync(new URL('fixtures/bounding_boxes.json', import.meta.url), 'utf8'),
) as Fixture;
const { height, width } = fixture;
const imageShape = [height, width, 3] as const;

interface Made {
  readonly shape: readonly number[];
  dataSync(): ArrayLike<number>;
}

function sizes(nested: unknown): number[] {
  return Array.isArray(nested) ? [nested.length, ...sizes(nested[0])] : [];
}

/**
 * Numbers within some roundings of float32.
 *
 * @param most The largest number of a formula's parts: sums of parts are as wrong as the largest of these.
 */
function expectClose(made: Made, expected: Nested, most = 1, roundings = 32): void {
  expect(made.shape).toEqual(sizes(expected));
  const numbers = expected.flat(3);
  Array.from(made.dataSync()).forEach((number, i) => {
    const own = numbers[i] ?? NaN;
    const bound = roundings * 2 ** -24 * Math.max(most, Math.abs(own));
    expect(Math.abs(number - own), `${number} for ${own} at ${i}`).toBeLessThanOrEqual(bound);
  });
}

describe('convertFormat', () => {
  it.each(fixture.conversions)('of $source to $target', ({ boxes, source, target, made }) => {
    // Corners of the middle and size of boxes are up to 128 apart.
    const most = target.startsWith('rel') ? 2 : 128;
    expectClose(boundingBoxes.convertFormat(boxes, source, target, { height, width }), made, most, 4);
  });

  it.each(fixture.integers)('of whole numbers to $target', ({ boxes, target, made }) => {
    expectClose(boundingBoxes.convertFormat(boxes, 'xyxy', target, { height, width, dtype: 'int32' }), made);
  });

  it('takes records, and sides of each image', () => {
    const given = { boxes: [[[10, 20, 30, 40]], [[10, 20, 30, 40]]], labels: [[1], [2]], score: 3 };
    const sides = { height: [[[100]], [[50]]], width: [[[200]], [[100]]] };
    const made = boundingBoxes.convertFormat(given, 'xyxy', 'relXyxy', sides);
    expect(made.labels).toBe(given.labels);
    expect(made.score).toBe(3);
    const expected = [[[0.05, 0.2, 0.15, 0.4]], [[0.1, 0.4, 0.3, 0.8]]];
    expectClose(made.boxes, expected);
  });

  it('refuses unknown formats, missing sides and other shapes', () => {
    const boxes = [[1, 2, 3, 4]];
    expect(errorOf(() => boundingBoxes.convertFormat(boxes, 'xyXYZ' as never, 'xywh')).message).toMatch(
      /\[convertFormat\] expected 'xyxy' or .* as source/,
    );
    expect(errorOf(() => boundingBoxes.convertFormat(boxes, 'xyxy', 'relXyxy')).message).toMatch(
      /height and width/,
    );
    expect(errorOf(() => boundingBoxes.convertFormat([[1, 2, 3]], 'xyxy', 'xywh')).code).toBe('SHAPE');
    expect(errorOf(() => boundingBoxes.convertFormat({ labels: [1] } as never, 'xyxy', 'xywh')).code).toBe(
      'ARGUMENT',
    );
  });
});

describe('clipToImageSize', () => {
  it.each(fixture.clipped)('in the format $format', ({ boxes, labels, format, made }) => {
    const options = { height, width, boundingBoxFormat: format };
    const clipped = boundingBoxes.clipToImageSize({ boxes, labels }, options);
    expectClose(clipped.boxes, made.boxes);
    expectClose(clipped.labels, made.labels);
    expectClose(boundingBoxes.clipToImageSize({ boxes }, options).boxes, made.boxes);
  });

  it('needs sides in pixels', () => {
    expect(errorOf(() => boundingBoxes.clipToImageSize({ boxes: [[1, 2, 3, 4]] })).message).toMatch(
      /\[clipToImageSize\] expected height and width/,
    );
  });
});

describe('moves', () => {
  it.each(fixture.affine)('affineTransform %#', ({ boxes, options, made }) => {
    // Scaled by 2 and sheared by 30 degrees at most, around a point up to 48 away.
    expectClose(boundingBoxes.affineTransform(boxes, { ...options, height, width }), made, 256, 16);
    const first = Object.fromEntries(
      Object.entries(options).map(([name, value]) => [
        name,
        Array.isArray(value) ? (value[0] as number) : value,
      ]),
    ) as unknown as typeof options;
    const alone = boundingBoxes.affineTransform(boxes[0] ?? [], { ...first, height, width });
    expectClose(alone, made[0] ?? [], 256, 16);
  });

  it('crop and pad', () => {
    const { crop, pad } = fixture;
    expectClose(boundingBoxes.crop(crop.boxes, { top: 4, left: 8, height: 20, width: 30 }), crop.made, 64, 2);
    expectClose(boundingBoxes.pad(pad.boxes, { top: 4, left: 8 }), pad.made, 64, 2);
  });

  it('refuses other formats, shapes and missing numbers', () => {
    const boxes = [[1, 2, 3, 4]];
    const format = { boundingBoxFormat: 'xywh' as never };
    expect(errorOf(() => boundingBoxes.pad(boxes, { top: 1, left: 1, ...format })).message).toMatch(
      /\[pad\] expected 'xyxy' as boundingBoxFormat/,
    );
    expect(errorOf(() => boundingBoxes.pad(boxes, { top: 1 } as never)).message).toMatch(/the option left/);
    expect(errorOf(() => boundingBoxes.pad([[1]], { top: 1, left: 1 })).code).toBe('SHAPE');
    const part = { top: 1, left: 1, height: 2, width: 2 };
    expect(errorOf(() => boundingBoxes.crop([[1]], part)).code).toBe('SHAPE');
    const map = { angle: 0, translateX: 0, translateY: 0, scale: 1, shearX: 0, shearY: 0, height, width };
    expect(errorOf(() => boundingBoxes.affineTransform([1, 2, 3, 4], map)).code).toBe('SHAPE');
  });
});

describe('deltas', () => {
  it.each(fixture.deltas)('of $anchorFormat and $boxFormat', (row) => {
    const { anchors, boxes, anchorFormat, boxFormat, middle, variance, deltas, given, decoded } = row;
    const options = { anchorFormat, boxFormat, imageShape, ...(variance && { variance }) };
    const made = boundingBoxes.encodeBoxToDeltas(anchors, boxes, { ...options, encodingFormat: middle });
    // Divided by sizes of 1 and more, and by variances of 0.1.
    expectClose(made, deltas, 1000, 8);
    const back = boundingBoxes.decodeDeltasToBoxes(anchors, given, { ...options, encodedFormat: middle });
    expectClose(back, decoded, 256, 16);
    const levels = boundingBoxes.decodeDeltasToBoxes(
      { P3: anchors, P4: anchors },
      { P3: given, P4: given },
      { ...options, encodedFormat: middle },
    );
    expectClose(levels.P4, decoded, 256, 16);
  });

  it('refuses variances, formats and levels that do not fit', () => {
    const boxes = [[1, 2, 3, 4]];
    const formats = { anchorFormat: 'xyxy', boxFormat: 'xyxy' } as const;
    const encode = (options: object) =>
      errorOf(() => boundingBoxes.encodeBoxToDeltas(boxes, boxes, { ...formats, ...options }));
    expect(encode({ variance: [1, 2] }).code).toBe('SHAPE');
    expect(encode({ encodingFormat: 'xyxy' }).message).toMatch(/encodingFormat/);
    expect(encode({ anchorFormat: 'relXyxy' }).message).toMatch(/height and width/);
    expect(encode({ imageShape: [3] }).message).toMatch(/imageShape/);
    expect(
      errorOf(() => boundingBoxes.decodeDeltasToBoxes({ a: boxes }, { b: boxes } as never, formats)).message,
    ).toMatch(/the levels a/);
  });
});

describe('overlaps', () => {
  it.each(fixture.overlaps)('computeIou %#', ({ boxes1, boxes2, options, made }) => {
    expectClose(boundingBoxes.computeIou(boxes1, boxes2, { ...options, imageShape }), made, 4);
  });

  it('masks boxes that fill up one of two lists', () => {
    const options = { boundingBoxFormat: 'xyxy', useMasking: true } as const;
    const made = boundingBoxes.computeIou(
      [
        [
          [0, 0, 2, 2],
          [-1, -1, -1, -1],
        ],
      ],
      [[0, 0, 2, 2]],
      options,
    );
    expectClose(made, [[[1], [-1]]]);
  });

  it.each(fixture.complete)('computeCiou in $format', ({ boxes1, boxes2, format, made }) => {
    expectClose(boundingBoxes.computeCiou(boxes1, boxes2, { boundingBoxFormat: format }), made, 4, 64);
  });

  it.each(fixture.gradients)('gradients of $name', async ({ name, boxes1, boxes2, gradients }) => {
    const step = compile((a: Sym, b: Sym) => {
      const y = boundingBoxes[name](a, b, { boundingBoxFormat: 'xyxy' });
      return grad(ops.sum(y), [a, b]);
    });
    const [first, second] = await step(boxes1, boxes2);
    if (!first || !second) throw new Error('expected two gradients');
    expectClose(first, gradients[0], 4, 64);
    expectClose(second, gradients[1], 4, 64);
  });

  it('works on outputs of layers, which a configuration keeps', async () => {
    const a = layers.input({ shape: [2, 4] });
    const b = layers.input({ shape: [3, 4] });
    const iou = boundingBoxes.computeIou(a, b, { boundingBoxFormat: 'xywh' });
    expect(iou.shape).toEqual([-1, 2, 3]);
    const model = Model.fromConfig(new Model({ inputs: [a, b], outputs: iou }).getConfig());
    const x = tensor([
      [
        [0, 0, 2, 2],
        [4, 4, 2, 2],
      ],
    ]);
    const y = tensor([
      [
        [0, 0, 2, 2],
        [1, 0, 2, 2],
        [4, 4, 1, 2],
      ],
    ]);
    expectClose((await model.predict([x, y])) as Made & object, [
      [
        [1, 1 / 3, 0],
        [0, 0, 0.5],
      ],
    ]);
  });

  it('refuses other ranks and formats', () => {
    const options = { boundingBoxFormat: 'xyxy' } as const;
    expect(errorOf(() => boundingBoxes.computeIou([1, 2, 3, 4], [[1, 2, 3, 4]], options)).code).toBe('SHAPE');
    expect(errorOf(() => boundingBoxes.computeIou([[1, 2, 3]], [[1, 2, 3]], options)).code).toBe('SHAPE');
    expect(
      errorOf(() => boundingBoxes.computeCiou([[1, 2, 3, 4]], [[1, 2, 3, 4]], {} as never)).message,
    ).toMatch(/\[computeCiou\] expected the option boundingBoxFormat/);
  });
});
