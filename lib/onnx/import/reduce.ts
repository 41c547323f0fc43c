import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import { tensor } from '../../core/tensor.js';
import * as ops from '../../ops/index.js';
import { type Call, type Handler, type Handlers, needsNumbers, typed } from './call.js';
import { isWholeType } from './elementwise.js';
import { flipped } from './shapes.js';

interface Over {
  readonly axis: readonly number[];
  readonly keepDims: boolean;
}

type Reduction = (x: Sym, over: Over) => Sym;

/** The axes are an input, in older versions an attribute; undefined: none, and x stays as it is. */
function over(call: Call): Over | undefined {
  const { rank } = call.x(0);
  const given = call.has(1) ? call.numbers(1) : call.ints('axes', []);
  const keepDims = call.flag('keepdims', true);
  if (given.length > 0) return { axis: given.map((axis) => call.axis(axis, rank)), keepDims };
  if (call.flag('noop_with_empty_axes')) return undefined;
  return { axis: [...call.shape().keys()], keepDims };
}

/** What a reduction gives of no numbers. */
const reduction =
  (formula: Reduction, empty: number, single?: (x: Sym) => Sym): Handler =>
  (call) => {
    const x = ops.cast(call.x(0), 'float32');
    const type = call.type();
    const how = over(call);
    if (!how) return typed(single ? single(x) : x, type);
    const { axis, keepDims } = how;
    if (axis.length === 0) return typed(single ? single(x) : ops.copy(x), type);
    if (axis.some((i) => x.shape[i] === 0)) {
      const kept = x.shape.map((n, i) => (axis.includes(i) ? 1 : n));
      const shape = keepDims ? kept : kept.filter((_, i) => !axis.includes(i));
      return call.filled(shape, empty, type);
    }
    return typed(formula(x, how), type);
  };

/** Of whole numbers, exactly. */
const exact =
  (formula: Reduction, whole: Reduction, empty: number): Handler =>
  (call) => {
    const how = over(call);
    const isWhole = isWholeType(call.type()) || call.type() === 'BOOL';
    const isEmpty = call.shape().includes(0);
    if (!isWhole || !how || how.axis.length === 0 || isEmpty) return reduction(formula, empty)(call);
    return typed(
      whole(call.x(0).dtype === 'int32' ? call.x(0) : ops.cast(call.x(0), 'int32'), how),
      call.type(),
    );
  };

const argument =
  (find: (x: Sym, options: { axis: number; keepDims: boolean }) => Sym): Handler =>
  (call) => {
    const x = call.x(0);
    const axis = call.axis(call.int('axis', 0), x.rank);
    const keepDims = call.flag('keepdims', true);
    if (!call.flag('select_last_index')) return typed(find(x, { axis, keepDims }), 'INT64');
    const size = call.shape()[axis] ?? 1;
    if (size < 0) throw needsNumbers(call.who, 'a size of the axis');
    return typed(ops.subtract(size - 1, find(ops.flip(x, { axis }), { axis, keepDims })), 'INT64');
  };

const cumulative =
  (formula: (x: Sym, call: Call, axis: number) => Sym): Handler =>
  (call) => {
    const x = call.x(0);
    const wide = x.dtype === 'uint8' ? ops.cast(x, 'int32') : x;
    return typed(formula(wide, call, call.axis(call.number(1), x.rank)), call.type());
  };

function products(x: Sym, call: Call, axis: number): Sym {
  const turned = (y: Sym) => (call.flag('reverse') ? flipped(y, axis) : y);
  const y = turned(ops.cast(x, 'float32'));
  const made = ops.cumprod(y, { axis });
  if (!call.flag('exclusive')) return turned(made);
  const before: [number, number][] = y.shape.map((_, i) => (i === axis ? [1, 0] : [0, 0]));
  const end = y.shape.map((_, i) => (i === axis ? -1 : Infinity));
  const shifted = ops.stridedSlice(
    ops.pad(made, before, { constantValues: 1 }),
    end.map(() => 0),
    end,
  );
  return turned(shifted);
}

const topK: Handler = (call) => {
  const x = call.x(0);
  const axis = call.axis(call.int('axis', -1), x.rank);
  const [k = 0] = call.has(1) ? call.numbers(1) : [call.int('k')];
  const turned = ops.moveaxis(x, axis, -1);
  const wide = turned.dtype === 'uint8' ? ops.cast(turned, 'int32') : turned;
  const largest = call.flag('largest', true);
  const [values, places] = ops.topK(largest ? wide : ops.negative(wide), k);
  const back = (y: Sym) => ops.moveaxis(y, -1, axis);
  return [typed(back(largest ? values : ops.negative(values)), call.type()), typed(back(places), 'INT64')];
};

/** The logarithm of a sum of exponentials that also takes rows of -Infinity. */
const logSumExp: Reduction = (x, how) => ops.logsumexp(x, how);

/** Sums, means and extremes over axes, places of extremes, running sums. */
export const reductions: Handlers = {
  ReduceSum: exact(
    (x, how) => ops.sum(x, how),
    (x, how) => ops.sum(x, how),
    0,
  ),
  ReduceMean: reduction((x, how) => ops.mean(x, how), NaN),
  ReduceProd: reduction((x, how) => ops.prod(x, how), 1),
  ReduceMax: exact(
    (x, how) => ops.max(x, how),
    (x, how) => ops.max(x, how),
    -Infinity,
  ),
  ReduceMin: exact(
    (x, how) => ops.min(x, how),
    (x, how) => ops.min(x, how),
    Infinity,
  ),
  ReduceL1: reduction(
    (x, how) => ops.sum(ops.abs(x), how),
    0,
    (x) => ops.abs(x),
  ),
  ReduceL2: reduction(
    (x, how) => ops.sqrt(ops.sum(ops.square(x), how)),
    0,
    (x) => ops.abs(x),
  ),
  ReduceLogSum: reduction(
    (x, how) => ops.log(ops.sum(x, how)),
    -Infinity,
    (x) => ops.log(x),
  ),
  ReduceLogSumExp: reduction(logSumExp, -Infinity),
  ReduceSumSquare: reduction(
    (x, how) => ops.sum(ops.square(x), how),
    0,
    (x) => ops.square(x),
  ),
  ArgMax: argument((x, options) => ops.argmax(x, options)),
  ArgMin: argument((x, options) => ops.argmin(x, options)),
  CumSum: cumulative((x, call, axis) =>
    ops.cumsum(x, { axis, reverse: call.flag('reverse'), exclusive: call.flag('exclusive') }),
  ),
  CumProd: cumulative(products),
  TopK: topK,
  Trilu: (call) => {
    const x = call.x(0);
    const k = call.has(1) ? call.number(1) : 0;
    const wide = ops.cast(x, x.dtype === 'float32' ? 'float32' : 'int32');
    const [rows = 0, columns = 0] = call.knownShape().slice(-2);
    const upper = call.flag('upper', true);
    const kept = Uint8Array.from({ length: rows * columns }, (_, at) => {
      const from = (at % columns) - Math.floor(at / columns);
      return Number(upper ? from >= k : from <= k);
    });
    const mask = asSym(tensor(kept, [rows, columns], 'bool'));
    return typed(ops.where(mask, wide, ops.zerosLike(wide)), call.type());
  },
};
