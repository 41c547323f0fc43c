import { factoryName } from '../base/names.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { maskedWeights, sampleMeans, size } from './align.js';
import type { Loss } from './loss.js';

/**
 * The losses of a batch as one number, by the loss's reduction: Keras's `reduce_weighted_values`.
 *
 * @param values What the loss's `call` gave; its mask says which of them count.
 * @param mask Which steps of the output count.
 * @param weights Those of samples [n], or of their values [n, ...].
 * @returns The number as `share`, float32 []; the number of samples, `count`; and `sum`, share · count.
 * @throws EngineError `SHAPE` for a scalar, and for weights that do not fit.
 * @internal
 */
export function reduced(loss: Loss, values: Sym, mask: Sym | undefined, weights: Sym | undefined) {
  const who = factoryName(loss.className);
  const isMean = loss.reduction === 'sumOverBatchSize' || loss.reduction === 'mean';
  const counts = values.mask && mask ? ops.logicalAnd(mask, values.mask) : (values.mask ?? mask);
  const counted = maskedWeights(counts, weights, isMean);
  const means = isMean || (loss.reduction === 'meanWithSampleWeight' && !counted);
  const each = sampleMeans(who, values, counted, means ? ops.mean : ops.sum);
  const count = size(each);
  const sum = ops.sum(each);
  if (means) return { sum, share: ops.divide(sum, count), count };
  // Without any weight the sum is 0, too: it is divided by 1.
  const total = counted && loss.reduction === 'meanWithSampleWeight' ? ops.sum(counted) : undefined;
  const share = total ? ops.divide(sum, ops.where(ops.equal(total, 0), 1, total)) : sum;
  return { sum: ops.multiply(share, count), share, count };
}
