import { expected } from '../base/checks.js';
import { joinFingerprints, fingerprint64 } from '../base/farmHash.js';
import { itemAt, sizeOf } from '../base/list.js';
import { sipHash } from '../base/sipHash.js';
import { type TensorData, read } from '../core/tensor.js';

/** Strings in nested lists, all of one length at each depth. */
export type NestedStrings = string | readonly NestedStrings[];

/** Words or numbers: strings or integers. */
export type Tokens = NestedStrings | TensorData;

/** A word or a number. */
export type Token = string | number;

/** Batches of tokens one after another, as a generator or a stream gives them. */
export type TokenBatches = Iterable<Tokens> | AsyncIterable<Tokens>;

/** Tokens row after row. */
export interface TokenArray<T extends Token = Token> {
  readonly values: readonly T[];
  readonly shape: readonly number[];
}

/** How many levels of lists hold strings, at most: deeper ones are a list that holds itself. */
const DEEPEST = 64;

/**
 * Reads strings or integers. Numbers with a fraction lose it, as in Keras.
 *
 * @throws EngineError `ARGUMENT` for anything else, `SHAPE` for rows of different lengths.
 * @internal
 */
export function readTokens(who: string, data: unknown): TokenArray {
  if (typeof leaf(data) === 'string') return readStrings(who, data);
  const { data: numbers, shape } = read(data as TensorData);
  return { values: Array.from(numbers, (n) => integerToken(who, n)), shape };
}

/** Reads strings. @internal */
export function readStrings(who: string, data: unknown): TokenArray<string> {
  const shape: number[] = [];
  for (let level = data; Array.isArray(level); level = level[0] as unknown)
    if (shape.push(level.length) > DEEPEST)
      throw expected(who, `strings in lists nested ${DEEPEST} deep at most`, data, 'SHAPE');
  const values: string[] = [];
  const walk = (part: unknown, depth: number): void => {
    if (depth === shape.length) {
      if (typeof part !== 'string') throw expected(who, 'strings', part);
      values.push(part);
      return;
    }
    if (!Array.isArray(part) || part.length !== shape[depth]) {
      const what = `lists of ${itemAt(shape, depth)} at depth ${depth}`;
      throw expected(who, what, part, 'SHAPE');
    }
    // Not forEach, which leaves out the holes of a list.
    for (const item of part) walk(item, depth + 1);
  };
  walk(data, 0);
  return { values, shape };
}

/** Fails unless a value is one of the integers that doubles tell apart. @internal */
export function integerToken(who: string, value: unknown): number {
  const whole = typeof value === 'number' ? Math.trunc(value) : NaN;
  if (!Number.isSafeInteger(whole)) throw expected(who, 'integers', value);
  // Not -0, which a Map takes for 0 but a text does not show.
  return whole + 0;
}

/** Lists of these values, nested in a shape. @internal */
export function nested(values: readonly unknown[], shape: readonly number[]): unknown {
  return shape.reduceRight(
    (items, length, axis) =>
      Array.from({ length: sizeOf(shape.slice(0, axis)) }, (_, i) =>
        items.slice(i * length, (i + 1) * length),
      ),
    values,
  )[0];
}

/** The first value at the bottom of lists. */
function leaf(data: unknown): unknown {
  let level = data;
  for (let depth = 0; Array.isArray(level) && depth < DEEPEST; depth++) level = level[0] as unknown;
  return level;
}

/** Two numbers that make a hash one that others cannot foresee. */
export type Salt = number | readonly [number, number];

/** @throws EngineError `ARGUMENT` unless a salt is one integer or a list of two. @internal */
export function saltOf(who: string, salt: unknown): readonly [number, number] | undefined {
  if (salt === undefined || salt === null) return undefined;
  const pair: readonly unknown[] = Array.isArray(salt) ? [...(salt as unknown[])] : [salt, salt];
  if (pair.length === 2 && pair.every((n) => Number.isSafeInteger(n))) return pair as [number, number];
  throw expected(who, 'an integer or a list of two as salt', salt);
}

const utf8 = new TextEncoder();

/** The bin of a token, from 0 up to, not including, `bins`: by FarmHash of its text, with a salt by SipHash. As TensorFlow's. @internal */
export function binOf(token: Token, bins: number, salt: readonly [number, number] | undefined): number {
  const bytes = utf8.encode(String(token));
  const hash = salt ? sipHash(bytes, [BigInt(salt[0]), BigInt(salt[1])]) : fingerprint64(bytes);
  return Number(hash % BigInt(bins));
}

/** The key with which TensorFlow's crosses begin. */
const CROSS_KEY = 0xdecafcaffen;

/** The bin of several tokens together, as TensorFlow's `sparse.cross_hashed`. @internal */
export function crossBinOf(tokens: readonly Token[], bins: number): number {
  const hash = tokens.reduce((joined, token) => {
    const own = typeof token === 'string' ? fingerprint64(utf8.encode(token)) : BigInt(token);
    return joinFingerprints(joined, own);
  }, CROSS_KEY);
  return Number(hash % BigInt(bins));
}
