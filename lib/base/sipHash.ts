const word = (n: bigint): bigint => BigInt.asUintN(64, n);
const rotate = (n: bigint, bits: bigint): bigint => word(n << bits) | (n >> (64n - bits));

/**
 * SipHash-2-4: a hash that cannot be foreseen without the key. Aumasson and Bernstein, 2012, https://www.aumasson.jp/siphash/siphash.pdf
 *
 * @param key Two numbers of 64 bits.
 * @returns 64 bits.
 * @internal
 */
export function sipHash(bytes: Uint8Array, key: readonly [bigint, bigint]): bigint {
  let [v0, v1] = [word(key[0]) ^ 0x736f6d6570736575n, word(key[1]) ^ 0x646f72616e646f6dn];
  let [v2, v3] = [word(key[0]) ^ 0x6c7967656e657261n, word(key[1]) ^ 0x7465646279746573n];
  const rounds = (count: number): void => {
    for (let i = 0; i < count; i++) {
      v0 = word(v0 + v1);
      v1 = rotate(v1, 13n) ^ v0;
      v0 = rotate(v0, 32n);
      v2 = word(v2 + v3);
      v3 = rotate(v3, 16n) ^ v2;
      v0 = word(v0 + v3);
      v3 = rotate(v3, 21n) ^ v0;
      v2 = word(v2 + v1);
      v1 = rotate(v1, 17n) ^ v2;
      v2 = rotate(v2, 32n);
    }
  };
  // Whole words, then the bytes that are left with the length in the highest byte.
  const padded = new Uint8Array((Math.floor(bytes.length / 8) + 1) * 8);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length & 0xff;
  const view = new DataView(padded.buffer);
  for (let place = 0; place < padded.length; place += 8) {
    const message = view.getBigUint64(place, true);
    v3 ^= message;
    rounds(2);
    v0 ^= message;
  }
  v2 ^= 0xffn;
  rounds(4);
  return v0 ^ v1 ^ v2 ^ v3;
}
