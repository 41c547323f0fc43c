import type { Sym } from '../../lib/core/sym.js';
import * as ops from '../../lib/ops/index.js';
import { registerKerasSerializable } from '../../lib/base/customObjects.js';

const bias = registerKerasSerializable(
  'tests',
  'requiredBias',
)((yTrue: Sym, yPred: Sym) => ops.subtract(yPred, yTrue));

/** What a metric cannot be made without. */
export const requiredMetrics: Record<string, object> = {
  iou: { numClasses: 2, targetClassIds: [0] },
  meanIoU: { numClasses: 2 },
  meanMetricWrapper: { fn: bias },
  oneHotIoU: { numClasses: 2, targetClassIds: [0] },
  oneHotMeanIoU: { numClasses: 2 },
  precisionAtRecall: { recall: 0.5 },
  recallAtPrecision: { precision: 0.5 },
  sensitivityAtSpecificity: { specificity: 0.5 },
  specificityAtSensitivity: { sensitivity: 0.5 },
};
