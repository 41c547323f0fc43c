import { type Sym, ops, tensor } from 'nodegrad';

/** A diagonal of n, for matrices far from singular ones. */
const diagonal = (n: number, value = n) =>
  tensor(
    Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? value : 0)),
    [n, n],
  );
const shifted = (x: Sym): Sym => ops.add(x, diagonal(x.shape.at(-1)!));
const definite = (x: Sym): Sym =>
  ops.add(ops.matmul(x, x, { transposeB: true }), diagonal(x.shape.at(-2)!, 1));
/** Several results as one. */
const together = (...xs: Sym[]): Sym => ops.concatenate(xs.map((x) => ops.reshape(x, [-1])));

/** Rows of the tables name them as if they were ops: matrices that have a result, and several results as one. reference_linalg.py has their twins. */
export const linalg = {
  linalgCholesky: (x: Sym, options?: object) => ops.cholesky(definite(x), options),
  linalgDet: (x: Sym) => ops.det(shifted(x)),
  linalgSlogdet: (x: Sym) => together(...ops.slogdet(ops.negative(shifted(x)))),
  linalgLogdet: (x: Sym) => ops.logdet(definite(x)),
  linalgInv: (x: Sym) => ops.inv(shifted(x)),
  linalgLuFactor: (x: Sym) => ops.luFactor(shifted(x))[0],
  linalgLuPivots: (x: Sym) => ops.luFactor(x)[1],
  linalgQr: (x: Sym, options?: object) => together(...ops.qr(x, options)),
  linalgSolve: (a: Sym, b: Sym) => ops.solve(shifted(a), b),
  /** The directions of vectors are free, those of their products are not. */
  linalgSvd: (x: Sym) => {
    const [u, s, vt] = ops.svd(x, { fullMatrices: false }) as [Sym, Sym, Sym];
    return together(s, ops.matmul(u, vt));
  },
  linalgSvdFull: (x: Sym) => {
    const [u, s, vt] = ops.svd(x) as [Sym, Sym, Sym];
    return together(s, ops.matmul(u, u, { transposeA: true }), ops.matmul(vt, vt, { transposeA: true }));
  },
  linalgSingularValues: (x: Sym) => ops.svd(x, { computeUv: false }) as Sym,
  linalgEigh: (x: Sym) => {
    const [w, v] = ops.eigh(ops.add(x, ops.swapaxes(x, -1, -2)));
    return together(w, ops.square(v));
  },
  linalgNorm: (x: Sym, ord: string, options: object = {}) => ops.norm(x, { ord: Number(ord), ...options }),
  fftForward: (real: Sym, imaginary: Sym) => together(...ops.fft([real, imaginary])),
  fftTwo: (real: Sym, imaginary: Sym) => together(...ops.fft2([real, imaginary])),
  fftTwoBack: (real: Sym, imaginary: Sym) => together(...ops.ifft2([real, imaginary])),
  fftReal: (x: Sym, options?: object) => together(...ops.rfft(x, options)),
  fftRealBack: (real: Sym, imaginary: Sym, options?: object) => ops.irfft([real, imaginary], options),
};
