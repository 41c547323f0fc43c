import { itemAt } from '../../lib/base/list.js';
/** Gives whole numbers from 0 up to below its argument. */
export type Random = (below: number) => number;

/** Random numbers of one case. */
export function randomOf(seed: number, at: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b)) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Numbers that lengths and counts are not. */
const LIES = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 1e6, 1e9];

/** The beginning of a file. */
export const cut = (random: Random, bytes: Uint8Array): Uint8Array => bytes.subarray(0, random(bytes.length));

/** What is done to a file. */
const changes: readonly ((random: Random, bytes: Buffer) => Buffer)[] = [
  // Some bytes are others.
  (random, bytes) => {
    for (let i = random(8); i >= 0 && bytes.length > 0; i--) bytes[random(bytes.length)] = random(256);
    return bytes;
  },
  // A bit is another.
  (random, bytes) => {
    if (bytes.length === 0) return bytes;
    const at = random(bytes.length);
    bytes[at] = itemAt(bytes, at) ^ (1 << random(8));
    return bytes;
  },
  (random, bytes) => Buffer.from(cut(random, bytes)),
  // A number of 2, 4 or 8 bytes is too large, or nothing.
  (random, bytes) => {
    const size = itemAt([2, 4, 8], random(3));
    if (bytes.length < size) return bytes;
    const at = random(bytes.length - size + 1);
    const value =
      BigInt(itemAt(LIES, random(LIES.length))) << BigInt(random(2) * 8 * (size - 4) * Number(size > 4));
    for (let i = 0; i < size; i++) {
      const byte = Number((value >> BigInt(8 * i)) & 255n);
      bytes[random(4) === 0 ? at + size - 1 - i : at + i] = byte;
    }
    return bytes;
  },
  // A piece is there twice.
  (random, bytes) => {
    const [from, length, to] = [random(bytes.length + 1), random(200), random(bytes.length + 1)];
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from, from + length), bytes.subarray(to)]);
  },
  // A piece is missing.
  (random, bytes) => {
    const from = random(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + random(100))]);
  },
  // A piece is zeros, as after the power was cut.
  (random, bytes) => bytes.fill(0, random(bytes.length + 1), random(bytes.length + 1)),
  // Two pieces have changed places.
  (random, bytes) => {
    const [a, b, c, d] = Array.from({ length: 4 }, () => random(bytes.length + 1)).sort((x, y) => x - y) as [
      number,
      number,
      number,
      number,
    ];
    const part = (from: number, to?: number) => bytes.subarray(from, to);
    return Buffer.concat([part(0, a), part(c, d), part(b, c), part(a, b), part(d)]);
  },
  // A digit is another: sizes in texts.
  (random, bytes) => {
    const digits = [...bytes.keys()].filter((i) => bytes[i]! >= 0x30 && bytes[i]! <= 0x39);
    if (digits.length > 0) bytes[itemAt(digits, random(digits.length))] = 0x30 + random(10);
    return bytes;
  },
];

/** A copy of a file with one or two changes. */
export function changed(random: Random, bytes: Uint8Array): Buffer {
  let copy = Buffer.from(bytes);
  for (let i = random(3) === 0 ? 2 : 1; i > 0; i--)
    copy = Buffer.from(itemAt(changes, random(changes.length))(random, copy));
  return copy;
}
