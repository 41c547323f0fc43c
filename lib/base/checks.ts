import { EngineError, type ErrorCode, describe, nearest, shapeText } from './errors.js';
import { camelCase, factoryName } from './names.js';

/** What a table of options says of one: that it has to be given, or that it may be left out and is anything, a boolean or a string. */
type OptionKind = 'required' | 'optional' | 'boolean' | 'string';

/**
 * The names of all options of a type, and which of them have to be given or are booleans or strings. As
 * `{ … } satisfies OptionNames<DenseOptions>` a table compiles only if it lists every option.
 */
export type OptionNames<O> = {
  readonly [K in keyof O]-?: Partial<Pick<O, K>> extends Pick<O, K>
    ? NonNullable<O[K]> extends boolean
      ? 'boolean'
      : IsString<Exclude<O[K], undefined>> extends true
        ? 'string'
        : 'optional'
    : 'required';
};

/** Whether a type is that of any string, and not of certain ones. */
type IsString<T> = [string, T] extends [T, string] ? true : false;

/** What is made without options: none, or an empty object. */
export type NoOptions = Readonly<Record<string, never>>;

/** A class whose constructor takes options: it, or a class that it extends, says which. */
export interface TakesOptions {
  readonly name: string;
  /** The names of all options, each `required`, `optional`, or `boolean` or `string` (optional, too). */
  readonly optionNames: object;
}

/** Short names and names of older versions of Keras that people write for an option. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  lr: 'learningRate',
  alpha: 'negativeSlope',
  keepdims: 'keepDims',
};

/**
 * Fails unless options are a plain object of known names, with all that have to be given, and booleans and strings where those belong.
 *
 * @param who The function or class that takes them, as it is called.
 * @throws EngineError `ARGUMENT` that tells the nearest known name.
 */
export function knownOptions(who: string, options: unknown, names: object): void {
  const table = names as Readonly<Record<string, OptionKind>>;
  const known = Object.keys(table);
  if (options !== undefined && !isPlainObject(options)) {
    const sample = typeof options === 'number' || typeof options === 'string' ? describe(options) : '…';
    const name = exampleName(table);
    const example = name === undefined ? '' : `, such as { ${name}: ${sample} }`;
    throw expected(who, `options in an object${example}`, options);
  }
  for (const name of Object.keys(options ?? {})) {
    if (Object.hasOwn(table, name)) continue;
    const near = nearestOption(name, known);
    const takes = known.length > 0 ? `one of the options ${known.join(', ')}` : 'no options';
    throw expected(who, takes, name, 'ARGUMENT', near);
  }
  for (const name of known) {
    const value = options?.[name];
    if (table[name] === 'required' && value === undefined) throw mismatch(who, `the option ${name}`, 'none');
    if (value === undefined) continue;
    if (table[name] === 'boolean') boolean(who, name, value);
    if (table[name] === 'string' && typeof value !== 'string')
      throw expected(who, `a string for ${name}`, value);
  }
}

/** {@link knownOptions} for the class that is being made; for use in constructors, with `new.target`. Gives its name for messages. */
export function knownOptionsOf(target: TakesOptions, options: unknown): string {
  const who = factoryName(target.name);
  knownOptions(who, options, target.optionNames);
  return who;
}

/** Fails unless a value is one of those allowed. */
export function oneOf<T extends string | number>(
  who: string,
  name: string,
  value: unknown,
  allowed: readonly T[],
  code: ErrorCode = 'ARGUMENT',
): T {
  if (allowed.includes(value as T)) return value as T;
  const words = allowed.filter((word) => typeof word === 'string');
  const near = typeof value === 'string' ? nearest(camelCase(value), words) : undefined;
  throw expected(who, `${allowed.map(describe).join(' or ')} as ${name}`, value, code, near);
}

/** {@link oneOf} for names whose letters Keras takes in any case: `SAME` is `same`. Gives the name as it is written here. */
export function oneOfAnyCase<T extends string>(
  who: string,
  name: string,
  value: unknown,
  allowed: readonly T[],
  code?: ErrorCode,
): T {
  const letters = typeof value === 'string' ? value.toLowerCase() : undefined;
  return oneOf(who, name, allowed.find((word) => word.toLowerCase() === letters) ?? value, allowed, code);
}

/** Fails unless a value is true or false. */
export function boolean(who: string, name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw expected(who, `true or false for ${name}`, value);
}

/** Fails unless a value is an integer of at least 1, or another least one. */
export function integer(who: string, name: string, value: unknown, least = 1): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  const what = least === 1 ? 'a positive integer' : `an integer of ${least} or more`;
  throw expected(who, `${what} for ${name}`, value);
}

/** Fails unless a value is an axis: any integer. Whether there is such an axis, the op says. */
export function axisNumber(who: string, value: unknown): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw expected(who, 'an integer for axis', value);
}

/** Fails unless a value is a finite number. */
export function finite(who: string, name: string, value: unknown): number {
  if (Number.isFinite(value)) return value as number;
  throw expected(who, `a finite number for ${name}`, value);
}

/** Fails unless a value is a finite number of 0 or more. */
export function atLeastZero(who: string, name: string, value: unknown): number {
  if (Number.isFinite(value) && (value as number) >= 0) return value as number;
  throw expected(who, `a finite number of 0 or more for ${name}`, value);
}

/** Fails unless a value is a positive finite number. */
export function positive(who: string, name: string, value: unknown): number {
  if (Number.isFinite(value) && (value as number) > 0) return value as number;
  throw expected(who, `a positive number for ${name}`, value);
}

/** Fails unless a value is a number from 0 to 1. */
export function fraction(who: string, name: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw expected(who, `${name} from 0 to 1`, value);
}

/** Fails unless a value may be a seed: any integer. */
export function seedOf(who: string, value: unknown): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw expected(who, 'an integer as seed', value);
}

/** Fails unless a value is a number from 0 up to, not including, 1. */
export function share(who: string, name: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value < 1) return value;
  throw expected(who, `${name} from 0 up to, not including, 1`, value);
}

/** Fails unless a value is a shape: a list of integers of 0 or more, or -1 where it may be unknown. */
export function shapeOf(
  who: string,
  shape: unknown,
  unknown: 'known' | 'unknown' = 'known',
): readonly number[] {
  const least = unknown === 'unknown' ? -1 : 0;
  // A copy, in which the holes of a list are undefined.
  const list = Array.isArray(shape) ? [...(shape as unknown[])] : undefined;
  if (list?.every((n) => Number.isSafeInteger(n) && (n as number) >= least)) return list as number[];
  const what = `a list of ${least < 0 ? 'integers, unknown ones -1' : 'non-negative integers'} as a shape`;
  throw expected(who, what, shape, 'SHAPE');
}

/** Fails unless a value is one integer or a list of them; gives the list. */
export function integers(who: string, name: string, value: unknown): readonly number[] {
  const list: readonly unknown[] = Array.isArray(value) ? [...(value as unknown[])] : [value];
  if (list.every((n) => Number.isInteger(n))) return list as readonly number[];
  throw expected(who, `an integer or a list of integers for ${name}`, value, 'ATTRIBUTE');
}

/** Fails unless a value is a list whose every item fits. */
export function checkEach(who: string, what: string, list: unknown, fits: (item: unknown) => boolean): void {
  // A copy: `every` would pass over the holes of a list.
  if (!Array.isArray(list) || ![...(list as unknown[])].every(fits)) throw expected(who, what, list);
}

/** Fails unless a value is a list of at least one. */
export function checkList(who: string, what: string, given: unknown): void {
  if (Array.isArray(given) && given.length > 0) return;
  throw mismatch(who, `a list of ${what}, at least one`, Array.isArray(given) ? 'none' : typeof given);
}

/** Whether a value is a regular expression as text. */
export function isPattern(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  try {
    new RegExp(value);
    return true;
  } catch {
    return false;
  }
}

/** The error of something that is not what it should be, with a hint where a known name is near. */
export function expected(
  who: string,
  what: string,
  received: unknown,
  code: ErrorCode = 'ARGUMENT',
  near?: string,
): EngineError {
  const hint = near === undefined ? '' : `; did you mean '${near}'?`;
  return mismatch(who, what, `${describe(received)}${hint}`, code);
}

/** The error of what is not as it should be, where what was received is told in words, and often what to do. */
export const mismatch = (
  who: string,
  what: string,
  received: string,
  code: ErrorCode = 'ARGUMENT',
  options?: ErrorOptions,
): EngineError => new EngineError(code, `[${who}] expected ${what}, received ${received}`, options);

/** The error of a shape that does not fit. */
export const wrongShape = (who: string, what: string, shape: readonly number[]): EngineError =>
  mismatch(who, what, shapeText(shape), 'SHAPE');

/** The error where an object of a family is expected, or its name: a function was not called, a class not made an object of. */
export function notOneOf(who: string, what: string, received: unknown): EngineError {
  const remedy = isClass(received) ? 'make an object of the class' : 'call the factory';
  const { code, message } = expected(who, what, received);
  return new EngineError(code, typeof received === 'function' ? `${message}: ${remedy}` : message);
}

/** Whether a value is a class, which cannot be called. */
export const isClass = (value: unknown): boolean =>
  typeof value === 'function' && Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false;

/** Whether a value is an object literal, also one of another realm. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object of another realm has another Object.prototype, which has no prototype either.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What to show as an example of options: one that has to be given, else the first. */
function exampleName(table: Readonly<Record<string, string>>): string | undefined {
  const names = Object.keys(table);
  return names.find((name) => table[name] === 'required') ?? names[0];
}

function nearestOption(name: string, known: readonly string[]): string | undefined {
  const ours = camelCase(name); // Keras's batch_size
  const other = OTHER_NAMES[ours];
  return other !== undefined && known.includes(other) ? other : nearest(ours, known);
}
