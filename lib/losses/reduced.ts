import { factoryName } from '../base/names.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { maskedWeights, sameWeights, sampleMeans, size } from './align.js';
import type { Loss } from './loss.js';

/**
 * The losses of a batch as one number, by the loss's reduction: Keras's `reduce_weighted_values`.
 *
 * @param given What the loss's `call` gave; its mask says which of them count.
 * @param predicted The output; its mask says which steps count.
 * @param weights Those of samples [n], or of their values [n, ...].
 * @returns The number as `share`, float32 []; the number of samples, `count`; and `sum`, share · count.
 * @throws EngineError `SHAPE` for a scalar, and for weights that do not fit.
 * @internal
 */
export function reduced(loss: Loss, given: Sym, predicted: Sym, weights: Sym | undefined) {
  const who = factoryName(loss.className);
  const isMean = loss.reduction === 'sumOverBatchSize' || loss.reduction === 'mean';
  const { values, counted } = weighed(loss, given, predicted, weights, isMean);
  const means = isMean || (!counted && (loss.reduction === 'meanWithSampleWeight' || loss.isOfBatch));
  const each = sampleMeans(who, values, counted, means ? ops.mean : ops.sum);
  const count = size(each);
  const sum = ops.sum(each);
  if (means) return { sum, share: ops.divide(sum, count), count };
  // Without any weight the sum is 0, too: it is divided by 1.
  const total = counted && loss.reduction === 'meanWithSampleWeight' ? ops.sum(counted) : undefined;
  const share = total ? ops.divide(sum, ops.where(ops.equal(total, 0), 1, total)) : sum;
  return { sum: ops.multiply(share, count), share, count };
}

/**
 * What a loss gives by itself: one number, or with the reduction `none` each loss times its weight.
 *
 * @internal
 */
export function lossOfBatch(loss: Loss, given: Sym, predicted: Sym, weights: Sym | undefined): Sym {
  if (loss.reduction !== 'none') return reduced(loss, given, predicted, weights).share;
  const { values, counted } = weighed(loss, given, predicted, weights, false);
  if (!counted) return loss.isOfBatch ? given : values;
  return ops.multiply(values, sameWeights(factoryName(loss.className), counted, values));
}

/** The losses, and what each counts. */
function weighed(loss: Loss, given: Sym, predicted: Sym, weights: Sym | undefined, scaled: boolean) {
  const { mask } = predicted;
  // An own loss may give anything: sampleMeans says what is wrong.
  const own = (given as Sym | undefined)?.mask;
  const counts = own && mask ? ops.logicalAnd(mask, own) : (own ?? mask);
  const counted = maskedWeights(counts, weights, scaled);
  if (!loss.isOfBatch) return { values: given, counted };
  // One number for the batch is that of each sample, or of each step that a mask tells of; their sum without weights is the number itself.
  const each = counts && counted ? counted : sampleMeans(loss.name, predicted);
  return { values: ops.add(given, ops.zerosLike(each)), counted };
}
