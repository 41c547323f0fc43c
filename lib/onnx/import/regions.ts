// RoiAlign: what regions of images show, as images of one size. He et al., 2017.
import type { Sym } from '../../core/sym.js';
import type { Tensor } from '../../core/tensor.js';
import { tensor } from '../../core/tensor.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { type Call, type Handler, type Handlers, hasNumbers, needsNumbers } from './call.js';

/** What regions are along one axis: each is cut into as many bins as the output has pixels, which are read at points. */
interface Spans {
  /** The pixels of the image, and those of the output. */
  readonly size: number;
  readonly bins: number;
  /** Where each region begins, how long a bin is, how many points one has, and how far these are apart; [regions]. */
  readonly start: Sym;
  readonly bin: Sym;
  readonly points: Sym;
  readonly step: Sym;
}

function spansOf(call: Call, column: 0 | 1, size: number, bins: number): Spans {
  const form = call.text(
    'coordinate_transformation_mode',
    call.opset >= 16 ? 'half_pixel' : 'output_half_pixel',
    ['half_pixel', 'output_half_pixel'],
  );
  const isHalf = form === 'half_pixel';
  const scale = call.float('spatial_scale', 1);
  const edge = (i: number) => {
    const one = ops.squeeze(ops.stridedSlice(call.x(1), [0, i], [Infinity, i + 1]), 1);
    return ops.subtract(ops.multiply(one, scale), isHalf ? 0.5 : 0);
  };
  const start = edge(column);
  const given = ops.subtract(edge(column + 2), start);
  const bin = ops.divide(isHalf ? given : ops.maximum(given, 1), bins);
  const ratio = call.int('sampling_ratio', 0);
  const points = ops.ceil(ops.stopGradient(ratio > 0 ? ops.fullLike(bin, ratio) : bin));
  return { size, bins, start, bin, points, step: ops.divide(bin, ops.maximum(points, 1)) };
}

/** The numbers from 0 on along one axis of as many as there are. */
const along = (count: number, axis: number, rank: number): Sym =>
  asSym(
    tensor(
      Float32Array.from({ length: count }, (_, i) => i),
      Array.from({ length: rank }, (_, i) => (i === axis ? count : 1)),
    ),
  );

const both = (a: Sym, b: Sym): Sym => ops.logicalAnd(a, b);

/** Coordinates of the points, those that count, and whether they do: a bin has fewer in some regions, and outside there is nothing. */
function pointsAt({ size, start, bin, step, points }: Spans, bins: Sym, at: Sym) {
  const wide = (x: Sym) => ops.reshape(x, [-1, ...Array<number>(at.rank - 1).fill(1)]);
  const y = ops.add(
    ops.add(wide(start), ops.multiply(bins, wide(bin))),
    ops.multiply(ops.add(at, 0.5), wide(step)),
  );
  const isPoint = ops.less(ops.add(ops.zerosLike(y), at), wide(points));
  const counts = both(isPoint, both(ops.greaterEqual(y, -1), ops.lessEqual(y, size)));
  return { y: ops.clip(ops.where(counts, y, 0), 0, size - 1), counts, isPoint };
}

/** So many points of a bin, more than half a pixel apart, can have a share of one pixel, and one more where rounding says so. */
const POINTS_OF_A_PIXEL = 6;

/** What each pixel of an axis adds to each bin, [regions, bins, pixels], where the points follow from how long a bin is. */
function shares(spans: Spans): Sym {
  const { size, bins, start, bin, step, points } = spans;
  const wide = (x: Sym) => ops.reshape(x, [-1, 1, 1, 1]);
  const [each, pixel] = [along(bins, 1, 4), along(size, 2, 4)];
  // The first point that can be near a pixel.
  const zero = ops.add(ops.add(wide(start), ops.multiply(each, wide(bin))), ops.multiply(wide(step), 0.5));
  const near = ops.floor(
    ops.divide(ops.subtract(ops.subtract(pixel, 1), zero), ops.maximum(wide(step), 1e-30)),
  );
  const first = ops.stopGradient(
    ops.maximum(ops.minimum(near, ops.subtract(wide(points), 1)), ops.zerosLike(near)),
  );
  const { y, counts } = pointsAt(spans, each, ops.add(first, along(POINTS_OF_A_PIXEL, 3, 4)));
  const share = ops.relu(ops.subtract(1, ops.abs(ops.subtract(y, pixel))));
  const sum = ops.sum(ops.where(counts, share, 0), { axis: 3 });
  return ops.divide(sum, ops.reshape(ops.maximum(points, 1), [-1, 1, 1]));
}

/** Means by products with the shares of rows and columns. */
function meansByShares(x: Sym, images: Sym, rows: Spans, columns: Spans): Sym {
  const own = ops.gather(x, images);
  const within = ops.matmul(ops.expandDims(shares(rows), 1), own);
  return ops.matmul(within, ops.expandDims(shares(columns), 1), { transposeB: true });
}

/** The two pixels around each of the points of an axis, [regions, bins · most]. */
function pairs(spans: Spans, most: number) {
  const { y, counts, isPoint } = pointsAt(spans, along(spans.bins, 1, 3), along(most, 2, 3));
  const low = ops.floor(ops.stopGradient(y));
  const part = ops.subtract(y, low);
  const flat = (one: Sym) => ops.reshape(one, [-1, spans.bins * most]);
  const weighted = (one: Sym) => flat(ops.where(counts, one, 0));
  const index = (one: Sym) => flat(ops.cast(one, 'int32'));
  return {
    isPoint: flat(isPoint),
    taps: [
      { at: index(low), weight: weighted(ops.subtract(1, part)) },
      { at: index(ops.minimum(ops.add(low, 1), spans.size - 1)), weight: weighted(part) },
    ],
  };
}

/** Means or largest numbers of the points of each bin. */
function overPoints(
  x: Sym,
  images: Sym,
  [rows, columns]: readonly [Spans, Spans],
  [down, across]: readonly [number, number],
  isMean: boolean,
): Sym {
  const channels = x.shape[1] ?? 1;
  const flat = ops.reshape(ops.transpose(x, [0, 2, 3, 1]), [-1, channels]);
  const [vertical, horizontal] = [pairs(rows, down), pairs(columns, across)];
  const parts = vertical.taps.flatMap((row) =>
    horizontal.taps.map((column) => {
      const line = ops.add(ops.multiply(ops.reshape(images, [-1, 1]), rows.size), row.at);
      const at = ops.add(ops.expandDims(ops.multiply(line, columns.size), 2), ops.expandDims(column.at, 1));
      const weight = ops.multiply(ops.expandDims(row.weight, 2), ops.expandDims(column.weight, 1));
      return ops.multiply(ops.gather(flat, at), ops.expandDims(weight, -1));
    }),
  );
  const inBins = (one: Sym, last: number) =>
    ops.reshape(one, [-1, rows.bins, down, columns.bins, across, last]);
  const [inside, axis] = [
    [0, 3, 1, 2],
    [2, 4],
  ];
  if (isMean) {
    const sum = ops.sum(
      inBins(
        parts.reduce((a, b) => ops.add(a, b)),
        channels,
      ),
      { axis },
    );
    const count = ops.maximum(ops.multiply(rows.points, columns.points), 1);
    return ops.transpose(ops.divide(sum, ops.reshape(count, [-1, 1, 1, 1])), inside);
  }
  // As ONNX has it: the largest of what single pixels add, not of their sums.
  const isPoint = ops.expandDims(
    both(ops.expandDims(vertical.isPoint, 2), ops.expandDims(horizontal.isPoint, 1)),
    -1,
  );
  const values = ops.where(
    isPoint,
    parts.reduce((a, b) => ops.maximum(a, b)),
    -Infinity,
  );
  const largest = ops.max(inBins(values, channels), { axis });
  const isAny = ops.any(inBins(isPoint, 1), { axis });
  return ops.transpose(ops.where(isAny, largest, 0), inside);
}

const roiAlign: Handler = (call) => {
  const x = call.x(0);
  const [, channels = -1, ...sides] = call.shape(0);
  if (sides.length !== 2 || call.shape(1).length !== 2 || ![-1, 4].includes(call.shape(1)[1] ?? 0))
    throw call.error(
      'images [n, channels, height, width] and regions [regions, 4]',
      `[${call.shape(0).join(', ')}] and [${call.shape(1).join(', ')}]`,
      'SHAPE',
    );
  if ([channels, ...sides].includes(-1)) throw needsNumbers(call.who, 'sizes of the images');
  const [height = 1, width = 1] = sides;
  const isMean = call.text('mode', 'avg', ['avg', 'max']) === 'avg';
  const rows = spansOf(call, 1, height, call.int('output_height', 1));
  const columns = spansOf(call, 0, width, call.int('output_width', 1));
  const ratio = call.int('sampling_ratio', 0);
  const most = ({ points }: Spans): number | undefined => {
    if (ratio > 0) return ratio;
    if (!hasNumbers(points)) return undefined;
    return (points as unknown as Tensor).dataSync().reduce((a: number, b) => Math.max(a, b), 1);
  };
  const [down, across] = [most(rows), most(columns)];
  const reads = (down ?? Infinity) * (across ?? Infinity) * rows.bins * columns.bins;
  const images = ops.cast(call.x(2), 'int32');
  // How many points a region has is not known before the network runs; or they are more than the pixels of an image.
  if (isMean && ratio <= 0 && reads > height * width) return meansByShares(x, images, rows, columns);
  if (down === undefined || across === undefined)
    throw needsNumbers(call.who, 'the regions or a sampling_ratio, for the mode max,');
  return overPoints(x, images, [rows, columns], [down, across], isMean);
};

/** Regions of images. */
export const regions: Handlers = { RoiAlign: roiAlign };
