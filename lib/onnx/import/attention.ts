// Attention and the rotation of queries and keys by their places.
import type { Sym } from '../../core/sym.js';
import { tensor } from '../../core/tensor.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { type Call, type Handler, type Handlers, needsNumbers } from './call.js';

/** A size that has to be known. */
function known(call: Call, x: Sym, axis: number): number {
  const size = x.shape.at(axis) ?? -1;
  if (size < 0) throw needsNumbers(call.who, 'a size');
  return size;
}

/** [n, steps, heads · size] as [n, heads, steps, size]; of rank 4 as it is. */
function byHeads(call: Call, x: Sym, heads: number): Sym {
  if (x.rank === 4) return x;
  const features = known(call, x, -1);
  if (x.rank !== 3 || !(heads > 0) || features % heads !== 0)
    throw call.error(
      '[n, steps, heads · size] or [n, heads, steps, size]',
      `[${x.shape.join(', ')}]`,
      'SHAPE',
    );
  const split = ops.reshape(x, [known(call, x, 0), known(call, x, 1), heads, features / heads]);
  return ops.transpose(split, [0, 2, 1, 3]);
}

/** Whether a query sees the keys up to its own place, after those that were there before: [queries, keys]. */
const causal = (queries: number, keys: number, before: number): Sym =>
  asSym(
    tensor(
      Array.from({ length: queries }, (_, i) => Array.from({ length: keys }, (__, j) => j <= i + before)),
    ),
  );

/** A mask of fewer keys than there are hides the others. */
function widened(mask: Sym, keys: number): Sym {
  const missing = keys - (mask.shape.at(-1) ?? keys);
  if (missing <= 0) return mask;
  const none = mask.shape.slice(0, -1).map((): [number, number] => [0, 0]);
  const isBool = mask.dtype === 'bool';
  const padded = ops.pad(isBool ? ops.cast(mask, 'int32') : mask, [...none, [0, missing]], {
    constantValues: isBool ? 0 : -Infinity,
  });
  return isBool ? ops.cast(padded, 'bool') : padded;
}

const attention: Handler = (call) => {
  const [queryHeads, keyHeads] = [call.int('q_num_heads', 0), call.int('kv_num_heads', 0)];
  const q = byHeads(call, call.x(0), queryHeads);
  const grown = (x: Sym, before: number) =>
    call.has(before) ? ops.concatenate([call.x(before), x], { axis: 2 }) : x;
  const presentKey = grown(byHeads(call, call.x(1), keyHeads), 4);
  const presentValue = grown(byHeads(call, call.x(2), keyHeads), 5);
  const repeats = known(call, q, 1) / known(call, presentKey, 1);
  if (!Number.isInteger(repeats))
    throw call.error('as many heads of queries as of keys, or a multiple', 'others', 'SHAPE');
  const shared = (x: Sym) => (repeats === 1 ? x : ops.repeat(x, repeats, { axis: 1 }));
  const scale = call.float('scale', 1 / Math.sqrt(known(call, q, -1)));
  const keys = ops.transpose(shared(presentKey), [0, 1, 3, 2]);
  const cap = call.float('softcap', 0);
  const plain = ops.multiply(ops.matmul(q, keys), scale);
  const capped = cap > 0 ? ops.multiply(ops.tanh(ops.divide(plain, cap)), cap) : plain;
  const scores = masked(call, capped, call.has(4) ? known(call, call.x(4), 2) : 0);
  const weights = ops.softmax(scores);
  const y = ops.matmul(weights, shared(presentValue));
  const mode = call.int('qk_matmul_output_mode', 0);
  const shown = [capped, capped, scores, weights][mode];
  if (!shown) throw call.error('a qk_matmul_output_mode from 0 to 3', String(mode));
  const joined = () => {
    const [n, heads, steps, size] = [0, 1, 2, 3].map((axis) => known(call, y, axis)) as [
      number,
      number,
      number,
      number,
    ];
    return ops.reshape(ops.transpose(y, [0, 2, 1, 3]), [n, steps, heads * size]);
  };
  return [call.x(0).rank === 3 ? joined() : y, presentKey, presentValue, shown];
};

/** The scores, -infinity where a key is not seen. */
function masked(call: Call, scores: Sym, before: number): Sym {
  const [queries, keys] = [known(call, scores, 2), known(call, scores, 3)];
  let result = scores;
  if (call.has(3)) {
    const mask = widened(call.x(3), keys);
    result = mask.dtype === 'bool' ? ops.where(mask, result, -Infinity) : ops.add(result, mask);
  }
  if (call.flag('is_causal')) result = ops.where(causal(queries, keys, before), result, -Infinity);
  if (!call.has(6)) return result;
  const counted = ops.reshape(ops.cast(call.x(6), 'int32'), [-1, 1, 1, 1]);
  const places = asSym(tensor(Int32Array.from({ length: keys }, (_, i) => i)));
  return ops.where(ops.less(places, counted), result, -Infinity);
}

/** Pairs of numbers turned by the angle of their step. */
const rotary: Handler = (call) => {
  const given = call.x(0);
  const x = ops.transpose(byHeads(call, given, call.int('num_heads', 0)), [0, 2, 1, 3]);
  const size = known(call, x, 3);
  const turned = call.int('rotary_embedding_dim', 0) || size;
  const half = turned / 2;
  if (!Number.isInteger(half) || turned > size)
    throw call.error(`an even rotary_embedding_dim up to ${size}`, String(turned));
  const angle = (i: number) => {
    const cache = call.x(i);
    return ops.expandDims(call.has(3) ? ops.take(cache, call.x(3), { axis: 0 }) : cache, 2);
  };
  const [cos, sin] = [angle(1), angle(2)];
  const [whole, rest] = ops.split(x, [turned], { axis: 3 }) as [Sym, Sym | undefined];
  const isInterleaved = call.flag('interleaved');
  const shape = [known(call, x, 0), known(call, x, 1), known(call, x, 2)];
  const paired = ops.reshape(whole, [...shape, ...(isInterleaved ? [half, 2] : [2, half])]);
  const axis = isInterleaved ? 4 : 3;
  const [a, b] = ops.split(paired, 2, { axis }).map((part) => ops.squeeze(part, axis)) as [Sym, Sym];
  const real = ops.subtract(ops.multiply(cos, a), ops.multiply(sin, b));
  const imaginary = ops.add(ops.multiply(sin, a), ops.multiply(cos, b));
  const made = ops.reshape(ops.stack([real, imaginary], { axis }), [...shape, turned]);
  const y = turned === size || !rest ? made : ops.concatenate([made, rest], { axis: 3 });
  if (given.rank === 4) return ops.transpose(y, [0, 2, 1, 3]);
  return ops.reshape(y, [shape[0] as number, shape[1] as number, (shape[2] as number) * size]);
};

export const attentions: Handlers = { Attention: attention, RotaryEmbedding: rotary };
