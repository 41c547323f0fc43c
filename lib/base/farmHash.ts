import { itemAt } from './list.js';

// 64-bit words as BigInt, which JavaScript has no faster exact type for; each operation is cut to 64 bits.
const word = (n: bigint): bigint => BigInt.asUintN(64, n);
const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;
const PAIR = 0xc6a4a7935bd1e995n;

const rotate = (n: bigint, bits: bigint): bigint => (n >> bits) | word(n << (64n - bits));
const shiftMix = (n: bigint): bigint => n ^ (n >> 47n);

function mix(u: bigint, v: bigint, factor: bigint): bigint {
  const a = shiftMix(word((u ^ v) * factor));
  return word(shiftMix(word((v ^ a) * factor)) * factor);
}

/** Reads little-endian words; a negative place counts from the end. */
class Bytes {
  readonly length: number;
  readonly size: bigint;
  readonly #view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.length = bytes.length;
    this.size = BigInt(bytes.length);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  long(place: number): bigint {
    return this.#view.getBigUint64(place < 0 ? this.length + place : place, true);
  }

  int(place: number): bigint {
    return BigInt(this.#view.getUint32(place < 0 ? this.length + place : place, true));
  }
}

/**
 * FarmHash's 64-bit fingerprint, which TensorFlow and so Keras use to put strings into bins. Equal bytes have equal numbers on every
 * machine. https://github.com/google/farmhash (farmhash::Fingerprint64)
 *
 * @param bytes For text its UTF-8.
 * @internal
 */
export function fingerprint64(bytes: Uint8Array): bigint {
  const s = new Bytes(bytes);
  if (s.length <= 16) return upTo16(s);
  if (s.length <= 32) return upTo32(s);
  return s.length <= 64 ? upTo64(s) : over64(s);
}

/** One fingerprint of two, as TensorFlow joins the features of a cross (tsl::FingerprintCat64, after MurmurHash). @internal */
export function joinFingerprints(first: bigint, second: bigint): bigint {
  const mixed = word(shiftMix(word(word(second) * PAIR)) * PAIR);
  const joined = word((word(first) ^ PAIR ^ mixed) * PAIR);
  return shiftMix(word(shiftMix(joined) * PAIR));
}

function upTo16(s: Bytes): bigint {
  const factor = K2 + s.size * 2n;
  if (s.length >= 8) {
    const a = word(s.long(0) + K2);
    const b = s.long(-8);
    return mix(word(rotate(b, 37n) * factor + a), word((rotate(a, 25n) + b) * factor), factor);
  }
  if (s.length >= 4) return mix(s.size + (s.int(0) << 3n), s.int(-4), factor);
  if (s.length === 0) return K2;
  const byte = (place: number) => BigInt(itemAt(s.bytes, place));
  const y = byte(0) + (byte(s.length >> 1) << 8n);
  const z = s.size + (byte(s.length - 1) << 2n);
  return word(shiftMix(word(y * K2) ^ word(z * K0)) * K2);
}

function upTo32(s: Bytes): bigint {
  const factor = K2 + s.size * 2n;
  const a = word(s.long(0) * K1);
  const b = s.long(8);
  const c = word(s.long(-8) * factor);
  const d = word(s.long(-16) * K2);
  return mix(
    word(rotate(word(a + b), 43n) + rotate(c, 30n) + d),
    word(a + rotate(word(b + K2), 18n) + c),
    factor,
  );
}

function upTo64(s: Bytes): bigint {
  const factor = K2 + s.size * 2n;
  const a = word(s.long(0) * K2);
  const b = s.long(8);
  const c = word(s.long(-8) * factor);
  const d = word(s.long(-16) * K2);
  const y = word(rotate(word(a + b), 43n) + rotate(c, 30n) + d);
  const z = mix(y, word(a + rotate(word(b + K2), 18n) + c), factor);
  const e = word(s.long(16) * factor);
  const f = s.long(24);
  const g = word((y + s.long(-32)) * factor);
  const h = word((z + s.long(-24)) * factor);
  return mix(
    word(rotate(word(e + f), 43n) + rotate(g, 30n) + h),
    word(e + rotate(word(f + a), 18n) + g),
    factor,
  );
}

type Pair = readonly [bigint, bigint];

/** Mixes 32 bytes into two numbers. */
function mix32(s: Bytes, place: number, a: bigint, b: bigint): Pair {
  const first = word(a + s.long(place));
  const last = s.long(place + 24);
  const sum = word(first + s.long(place + 8) + s.long(place + 16));
  const turned = word(rotate(word(b + first + last), 21n) + rotate(sum, 44n));
  return [word(sum + last), word(turned + first)];
}

/** Takes blocks of 64 bytes one after the other; the last block ends at the end, and may overlap the one before. */
function over64(s: Bytes): bigint {
  const seed = 81n;
  let y = word(seed * K1 + 113n);
  let z = word(shiftMix(word(y * K2 + 113n)) * K2);
  let x = word(seed * K2 + s.long(0));
  let v: Pair = [0n, 0n];
  let w: Pair = [0n, 0n];
  const block = (place: number, factor: bigint, times: bigint): void => {
    x = word(rotate(word(x + y + v[0] + s.long(place + 8)), 37n) * factor);
    y = word(rotate(word(y + v[1] + s.long(place + 48)), 42n) * factor);
    x ^= word(w[1] * times);
    y = word(y + v[0] * times + s.long(place + 40));
    z = word(rotate(word(z + w[0]), 33n) * factor);
    v = mix32(s, place, word(v[1] * factor), word(x + w[0]));
    w = mix32(s, place + 32, word(z + w[1]), word(y + s.long(place + 16)));
    [z, x] = [x, z];
  };
  const end = Math.floor((s.length - 1) / 64) * 64;
  for (let place = 0; place < end; place += 64) block(place, K1, 1n);
  const factor = word(K1 + ((z & 0xffn) << 1n));
  const rest = BigInt((s.length - 1) & 63);
  v = [word(v[0] + w[0] + rest), v[1]];
  w = [word(w[0] + rest + v[0]), w[1]];
  block(s.length - 64, factor, 9n);
  return mix(
    word(mix(v[0], w[0], factor) + word(shiftMix(y) * K0) + z),
    word(mix(v[1], w[1], factor) + x),
    factor,
  );
}
