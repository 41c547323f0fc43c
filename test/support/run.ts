import { compile } from '../../lib/core/compile.js';
import { EngineError } from '../../lib/base/errors.js';
import type { Sym } from '../../lib/core/sym.js';
import type { TensorData } from '../../lib/core/tensor.js';
import { Tensor } from '../../lib/core/tensor.js';

/** The numbers that a function of symbolic values gives for data, once. */
export async function numbersOf(
  fn: (...args: Sym[]) => Sym,
  ...data: (Tensor | TensorData)[]
): Promise<number[]> {
  const result = await compile(fn)(...data);
  return Array.from(await result.data());
}

/** The EngineError that a call throws; fails where it throws none or another. */
export function errorOf(body: () => unknown): EngineError {
  try {
    body();
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error('expected an EngineError, but nothing was thrown');
}

/** The EngineError that a promise rejects with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<EngineError> {
  return promise.then(
    () => {
      throw new Error('expected a rejection, but the promise was fulfilled');
    },
    (error: unknown) => {
      if (error instanceof EngineError) return error;
      throw error;
    },
  );
}
