import type { Shape } from '../engine.js';
import { EngineError } from '../errors.js';
import { shapeText } from '../layers/kerasTensor.js';
import * as ops from '../ops/index.js';
import { Sym } from '../sym.js';

/**
 * Targets as float32 in the shape of the predictions: an axis of size 1 at the end may be missing on either side.
 *
 * @throws EngineError `SHAPE` where they differ otherwise.
 * @internal
 */
export function align(name: string, yTrue: Sym, yPred: Sym): Sym {
  const floating = yTrue.dtype === 'float32' ? yTrue : ops.cast(yTrue, 'float32');
  if (agree(yTrue.shape, yPred.shape)) return floating;
  if (agree([...yTrue.shape, 1], yPred.shape)) return ops.expandDims(floating, -1);
  if (agree(yTrue.shape, [...yPred.shape, 1])) return ops.squeeze(floating, -1);
  throw new EngineError(
    'SHAPE',
    `[${name}] expected targets ${shapeText(yPred.shape)} as the output has, received ${shapeText(yTrue.shape)}`,
  );
}

/**
 * Class numbers, int32 or uint8, one for each row of the predictions.
 *
 * @throws EngineError `SHAPE` for targets of another shape.
 * @internal
 */
export function classNumbers(name: string, yTrue: Sym, yPred: Sym): Sym {
  const rows = yPred.shape.slice(0, -1);
  const whole = yTrue.dtype === 'int32' || yTrue.dtype === 'uint8' ? yTrue : ops.cast(yTrue, 'int32');
  if (agree(yTrue.shape, rows)) return whole;
  if (agree(yTrue.shape, [...rows, 1])) return ops.squeeze(whole, -1);
  throw new EngineError(
    'SHAPE',
    `[${name}] expected class numbers ${shapeText(rows)} for the output ${shapeText(yPred.shape)}, ` +
      `received ${shapeText(yTrue.shape)}${agree(yTrue.shape, yPred.shape) ? ': for one-hot rows take the categorical form' : ''}`,
  );
}

/** The mean over all axes but the first. @internal */
export function perSample(name: string, values: Sym): Sym {
  if (!(values instanceof Sym)) {
    const hint = typeof values === 'object' ? ': call the factory, as in losses.meanSquaredError()' : '';
    throw new EngineError(
      'ARGUMENT',
      `[${name}] expected a function that returns a symbolic value, received ${String(values)}${hint}`,
    );
  }
  if (values.rank === 0) {
    throw new EngineError(
      'SHAPE',
      `[${name}] expected one value a sample, received a scalar: leave the mean over the batch out`,
    );
  }
  const floating = values.dtype === 'float32' ? values : ops.cast(values, 'float32');
  return values.rank === 1 ? floating : ops.mean(floating, { axis: [...values.shape.keys()].slice(1) });
}

const agree = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i] || n < 0 || b[i] < 0);
