// The engine's ops in ONNX's.
import { ELEMENTWISE } from './elementwise.js';
import { LOOPS } from './loops.js';
import { PRODUCTS } from './products.js';
import { RECURRENT } from './recurrent.js';
import type { Ops } from './scope.js';
import { SHAPES } from './shapes.js';

/** Reasons, with the ops that they hold for. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'random numbers differ between runtimes': [
    ...[
      'dropout',
      'randomUniform',
      'randomNormal',
      'truncatedNormal',
      'randomGamma',
      'randomBeta',
      'randomBinomial',
    ],
  ],
  'ONNX has no op for it': [
    ...[
      'cholesky',
      'triangularSolve',
      'solve',
      'inverse',
      'slogdet',
      'luFactor',
      'qr',
      'svd',
      'eigh',
      'pinv',
    ],
    ...['segmentMax', 'segmentMin', 'segmentProd', 'gcd', 'erfinv', 'warp', 'orthonormalRows'],
  ],
  'ONNX shifts numbers without a sign alone': ['rightShift'],
  'ONNX has it from opset 26 on, and runtimes do not': ['view'],
  'layers in int8 are not written: write the model before quantize': ['fakeQuantize', 'fakeQuantizeAlong'],
  'it is there for derivatives': [
    ...['gradient', 'sumLike', 'sliceLike', 'sliceBackward', 'maxPoolGather', 'maxPoolBackward'],
    ...['averagePoolBackward', 'convBackwardData', 'convBackwardFilter', 'layerNormalizationBackward'],
    'batchNormalizationBackward',
    ...['dotProductAttentionBackward', 'lstmBackward', 'gruBackward', 'simpleRnnBackward'],
  ],
};

/** The ops that are written, and why others are not. */
export const OPS: Ops = {
  handlers: { ...ELEMENTWISE, ...SHAPES, ...PRODUCTS, ...RECURRENT, ...LOOPS },
  refused: Object.fromEntries(
    Object.entries(REFUSED).flatMap(([reason, ops]) => ops.map((op) => [op, reason])),
  ),
};
