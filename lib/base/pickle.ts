// Python's pickles (https://docs.python.org/3/library/pickletools.html), as far as data sets of Keras are some: numbers, texts, lists,
// dictionaries and arrays of NumPy. A pickle is a program for a machine with a stack; this one knows no step that could run code: it can
// name nothing but NumPy's arrays and their dtypes.
import { fileError } from './wholeFile.js';

/** An array of NumPy in a pickle. */
export class PickledArray {
  /** Without the byte order's sign, such as u1 or i8; O of objects. */
  dtype = '';
  isLittleEndian = true;
  isFortranOrder = false;
  shape: readonly number[] = [];
  /** Bytes of the numbers, or a list of the objects. */
  data: unknown = undefined;
}

/** A dtype of NumPy. */
class Dtype {
  isLittleEndian = true;
  constructor(readonly name: string) {}
}

type Global = 'array' | 'reconstruct' | 'dtype';

/** All that a pickle may name. */
const GLOBALS: ReadonlyMap<string, Global> = new Map<string, Global>([
  ['numpy ndarray', 'array'],
  ['numpy dtype', 'dtype'],
  ['numpy.core.multiarray _reconstruct', 'reconstruct'],
  ['numpy._core.multiarray _reconstruct', 'reconstruct'],
]);

class Named {
  constructor(readonly global: Global) {}
}

/** Texts of Python 2 are bytes. */
export const pickledText = (value: unknown): string | undefined =>
  value instanceof Uint8Array ? new TextDecoder('latin1').decode(value) : asString(value);

const asString = (value: unknown) => (typeof value === 'string' ? value : undefined);

/**
 * The value of a pickle of protocol 2 to 4 without code: null, booleans, numbers, strings, bytes (views, as are the texts of Python 2),
 * arrays (lists and tuples), Maps with keys of strings, and {@link PickledArray}.
 *
 * @param place What errors name.
 * @throws EngineError `IO` for what was cut, is no pickle, or names anything but arrays of NumPy.
 */
export function parsePickle(who: string, place: string, bytes: Uint8Array): unknown {
  return new Unpickler(who, place, bytes).run();
}

class Unpickler {
  readonly #who: string;
  readonly #place: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #stack: unknown[] = [];
  /** The stacks below each mark. */
  readonly #below: unknown[][] = [];
  readonly #memo = new Map<number, unknown>();

  constructor(who: string, place: string, bytes: Uint8Array) {
    this.#who = who;
    this.#place = place;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): unknown {
    for (;;) {
      const at = this.#at;
      const code = this.#take(1)[0] ?? 0;
      if (code === 0x2e) return this.#pop(); // STOP
      const step = STEPS.get(code);
      if (step === undefined)
        throw this.wrong('a pickle of data', `the instruction 0x${code.toString(16)} at byte ${at}`);
      step(this);
    }
  }

  wrong(what: string, received: string) {
    return fileError(this.#who, this.#place, what, received);
  }

  #take(length: number): Uint8Array {
    if (length < 0 || length > this.#bytes.length - this.#at)
      throw this.wrong('a whole pickle', `one that was cut, or is damaged, at byte ${this.#at}`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A number of the file, of so many bytes, little-endian. */
  number(width: 1 | 2 | 4 | 8, isSigned = false): number {
    const { byteOffset, byteLength } = this.#take(width);
    const from = byteOffset - this.#bytes.byteOffset;
    if (width === 1) return this.#view.getUint8(from);
    if (width === 2) return this.#view.getUint16(from, true);
    if (byteLength === 4)
      return isSigned ? this.#view.getInt32(from, true) : this.#view.getUint32(from, true);
    return Number(this.#view.getBigUint64(from, true));
  }

  float(): number {
    const { byteOffset } = this.#take(8);
    return this.#view.getFloat64(byteOffset - this.#bytes.byteOffset);
  }

  bytes(width: 1 | 4 | 8): Uint8Array {
    return this.#take(this.number(width));
  }

  text(width: 1 | 4 | 8): string {
    return new TextDecoder().decode(this.bytes(width));
  }

  line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    const text = new TextDecoder('latin1').decode(this.#take(end < 0 ? Infinity : end - this.#at));
    this.#take(1);
    return text;
  }

  /** A whole number of two's complement. */
  long(): number {
    const bytes = this.#take(this.number(1));
    if (bytes.length > 8) throw this.wrong('whole numbers of 64 bits', `one of ${bytes.length * 8}`);
    const value = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    return Number(BigInt.asIntN(8 * bytes.length, value));
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  #pop(): unknown {
    if (this.#stack.length === 0) throw this.wrong('a whole pickle', 'one with an empty stack');
    return this.#stack.pop();
  }

  mark(): void {
    this.#below.push(this.#stack);
    this.#stack = [];
  }

  /** What was pushed since the last mark. */
  sinceMark(): unknown[] {
    const below = this.#below.pop();
    if (below === undefined) throw this.wrong('a whole pickle', 'one without a mark');
    const values = this.#stack;
    this.#stack = below;
    return values;
  }

  tuple(length: number): void {
    this.push(Array.from({ length }, () => this.#pop()).reverse());
  }

  store(slot: number): void {
    this.#memo.set(slot, this.#stack.at(-1));
  }

  memoize(): void {
    this.store(this.#memo.size);
  }

  recall(slot: number): void {
    if (!this.#memo.has(slot)) throw this.wrong('a whole pickle', `one that recalls slot ${slot}`);
    this.push(this.#memo.get(slot));
  }

  append(values: readonly unknown[] = [this.#pop()]): void {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) throw this.wrong('a list to append to', typeof list);
    for (const value of values) list.push(value);
  }

  setItems(values: readonly unknown[] = [this.#pop(), this.#pop()].reverse()): void {
    const map = this.#stack.at(-1);
    if (!(map instanceof Map)) throw this.wrong('a dictionary to fill', typeof map);
    for (let i = 0; i < values.length; i += 2) {
      const key = pickledText(values[i]);
      if (key === undefined) throw this.wrong('keys of text', typeof values[i]);
      map.set(key, values[i + 1]);
    }
  }

  global(module: string | undefined, name: string | undefined): void {
    const global = GLOBALS.get(`${module} ${name}`);
    if (global === undefined)
      throw this.wrong('a pickle of numbers, texts and arrays', `one that calls ${module}.${name}: not read`);
    this.push(new Named(global));
  }

  stackGlobal(): void {
    const name = asString(this.#pop());
    this.global(asString(this.#pop()), name);
  }

  reduce(): void {
    const args = this.#pop();
    const called = this.#pop();
    const global = called instanceof Named ? called.global : undefined;
    const name = Array.isArray(args) ? pickledText(args[0]) : undefined;
    if (global === 'reconstruct') this.push(new PickledArray());
    else if (global === 'dtype' && name !== undefined) this.push(new Dtype(name));
    else throw this.wrong('a call that makes an array or a dtype', 'another one');
  }

  build(): void {
    const state = this.#pop();
    const target = this.#stack.at(-1);
    if (!Array.isArray(state)) throw this.wrong('the state of an array', typeof state);
    if (target instanceof Dtype) {
      target.isLittleEndian = pickledText(state[1]) !== '>';
    } else if (target instanceof PickledArray) {
      const [, shape, dtype, isFortranOrder, data] = state as unknown[];
      const isShape =
        Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
      if (!isShape || !(dtype instanceof Dtype))
        throw this.wrong('an array with shape and dtype', 'another state');
      target.shape = shape as readonly number[];
      target.dtype = dtype.name;
      target.isLittleEndian = dtype.isLittleEndian;
      target.isFortranOrder = Boolean(isFortranOrder);
      target.data = data;
    } else throw this.wrong('an array or a dtype', typeof target);
  }
}

/** The instructions by their bytes, under the names of Python's pickletools. */
const STEPS = new Map<number, (machine: Unpickler) => void>([
  [0x80, (m) => void m.number(1)], // PROTO
  [0x95, (m) => void m.number(8)], // FRAME
  [0x28, (m) => m.mark()], // MARK
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.number(4, true))], // BININT
  [0x4b, (m) => m.push(m.number(1))], // BININT1
  [0x4d, (m) => m.push(m.number(2))], // BININT2
  [0x8a, (m) => m.push(m.long())], // LONG1
  [0x47, (m) => m.push(m.float())], // BINFLOAT
  [0x55, (m) => m.push(m.bytes(1))], // SHORT_BINSTRING
  [0x54, (m) => m.push(m.bytes(4))], // BINSTRING
  [0x43, (m) => m.push(m.bytes(1))], // SHORT_BINBYTES
  [0x42, (m) => m.push(m.bytes(4))], // BINBYTES
  [0x8e, (m) => m.push(m.bytes(8))], // BINBYTES8
  [0x8c, (m) => m.push(m.text(1))], // SHORT_BINUNICODE
  [0x58, (m) => m.push(m.text(4))], // BINUNICODE
  [0x5d, (m) => m.push([])], // EMPTY_LIST
  [0x7d, (m) => m.push(new Map())], // EMPTY_DICT
  [0x29, (m) => m.push([])], // EMPTY_TUPLE
  [0x74, (m) => m.push(m.sinceMark())], // TUPLE
  [0x85, (m) => m.tuple(1)], // TUPLE1
  [0x86, (m) => m.tuple(2)], // TUPLE2
  [0x87, (m) => m.tuple(3)], // TUPLE3
  [0x61, (m) => m.append()], // APPEND
  [0x65, (m) => m.append(m.sinceMark())], // APPENDS
  [0x73, (m) => m.setItems()], // SETITEM
  [0x75, (m) => m.setItems(m.sinceMark())], // SETITEMS
  [0x71, (m) => m.store(m.number(1))], // BINPUT
  [0x72, (m) => m.store(m.number(4))], // LONG_BINPUT
  [0x94, (m) => m.memoize()], // MEMOIZE
  [0x68, (m) => m.recall(m.number(1))], // BINGET
  [0x6a, (m) => m.recall(m.number(4))], // LONG_BINGET
  [0x63, (m) => m.global(m.line(), m.line())], // GLOBAL
  [0x93, (m) => m.stackGlobal()], // STACK_GLOBAL
  [0x52, (m) => m.reduce()], // REDUCE
  [0x62, (m) => m.build()], // BUILD
]);
