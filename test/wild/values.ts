/** Wild values: what nobody should hand to a function, and what somebody will. */
import { itemAt } from '../../lib/base/list.js';
import { createContext, runInContext } from 'node:vm';
import { NDArray, Sequential, layers, optimizers, tensor, variable } from '../../lib/index.js';

/** What a user's own getter, proxy or function throws. */
export class WildError extends Error {}

/** A generator of numbers from 0 up to 1 (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const pick = <T>(next: () => number, list: readonly T[]): T =>
  itemAt(list, Math.floor(next() * list.length));

const other = createContext({});
const elsewhere = (code: string): unknown => runInContext(code, other);

const raise = (): never => {
  throw new WildError('of the user');
};

function cyclic(): unknown[] {
  const list: unknown[] = [];
  list.push(list);
  return list;
}

function disposed() {
  const made = tensor([1, 2]);
  made.dispose();
  return made;
}

function detached() {
  const data = new Float32Array(4);
  structuredClone(data.buffer, { transfer: [data.buffer] });
  return data;
}

/** Each makes one value anew. */
const primitives: readonly unknown[] = [
  ...[
    undefined,
    null,
    true,
    false,
    '',
    'relu',
    'channels_first',
    'mse',
    'x'.repeat(1000),
    '__proto__',
    'constructor',
  ],
  ...[0, -0, 1, 2, 3, -1, 0.5, NaN, Infinity, -Infinity, 1e308, 2 ** 53, 2 ** 36, 1n, -5n, 2n ** 80n],
];

const makers: readonly (() => unknown)[] = [
  ...primitives.map((value) => () => value),
  () => Symbol('wild'),
  () => [],
  () => [[]],
  () => [1, 2],
  () => [
    [1, 2, 3],
    [4, 5, 6],
  ],
  () => [[1, 2], [3]],
  () => [[[1]], [[2]]],
  () => [true, false],
  () => [1n],
  () => [NaN, 'a'],
  () => new Array<number>(5),
  () => [2, 3],
  () => [-1, 2],
  () => [0, 3],
  () => [1e12, 1e12],
  () => [2 ** 36],
  () => [2 ** 62, 4],
  () => [0.5],
  cyclic,
  () => elsewhere('[[1, 2, 3], [4, 5, 6]]'),
  () => elsewhere('new Float32Array([1, 2, 3])'),
  () => elsewhere('({ units: 2, name: "far" })'),
  () => new Float32Array(6),
  () => new Float64Array(6),
  () => new Int32Array(3),
  () => new Uint8Array(4),
  () => new BigInt64Array(2),
  () => new Float32Array(new SharedArrayBuffer(16)),
  () => Buffer.from('abc'),
  () => new DataView(new ArrayBuffer(8)),
  () => new ArrayBuffer(8),
  detached,
  () => new Map([[1, 2]]),
  () => new Set([1]),
  () => new Date(0),
  () => /x/,
  () => new Error('x'),
  () => raise,
  () => () => 1,
  () => (x: unknown) => x,
  () => () => Promise.resolve(1),
  () => class Empty extends WildError {},
  () => Promise.resolve([1]),
  () => ({}),
  () => Object.create(null) as unknown,
  () => Object.freeze({ a: 1 }),
  () => ({ nonsense: 1 }),
  () => ({ name: Symbol('name') }),
  () => ({
    get name() {
      return raise();
    },
    get shape() {
      return raise();
    },
  }),
  () => ({ toString: raise, [Symbol.toPrimitive]: raise }),
  () => new Proxy({}, { get: raise, ownKeys: raise, getPrototypeOf: raise, has: raise }),
  () => new Proxy([1, 2], {}),
  () => ({ className: 'Dense', config: {} }),
  () => ({ className: 5, config: null }),
  () =>
    (function* () {
      yield [[[1, 2]], [[1]]];
    })(),
  () =>
    (async function* () {
      yield [[[1, 2]]];
    })(),
  () => ({ [Symbol.iterator]: raise }),
  () => AbortSignal.abort(new WildError('aborted')),
  () =>
    tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]),
  () => tensor(1),
  () => tensor([1, 2], [2], 'int32'),
  () => tensor([true, false]),
  disposed,
  () =>
    variable([
      [1, 2],
      [3, 4],
    ]),
  () => new NDArray(new Float32Array(6), [2, 3]),
  () => layers.input({ shape: [2] }),
  () => layers.dense({ units: 2 }),
  () => new Sequential(),
  () => optimizers.adam(),
];

export const wild = (next: () => number): unknown => pick(next, makers)();
