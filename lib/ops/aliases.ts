// Further names in Keras, and TF.js's names: the same functions. The comment of each says its other name (checked).
export {
  divide as div,
  divide as trueDivide,
  multiply as mul,
  power as pow,
  subtract as sub,
} from './binary.js';
export {
  conv as conv1d,
  conv as conv2d,
  conv as conv3d,
  convTranspose as conv2dTranspose,
  convTranspose as conv3dTranspose,
  depthwiseConv as depthwiseConv2d,
  separableConv as separableConv2d,
} from './conv.js';
export {
  averagePool as avgPool,
  averagePool as avgPool2d,
  averagePool as avgPool3d,
  maxPool as maxPool2d,
  maxPool as maxPool3d,
} from './pool.js';
export { argmax as argMax, argmin as argMin, max as amax, min as amin } from './reduce.js';
export {
  abs as absolute,
  abs as fabs,
  copy as conj,
  copy as conjugate,
  copy as real,
  negative as neg,
} from './unary.js';
export { convertToTensor as array, zerosLike as emptyLike } from './creation.js';
export { zeros as empty } from '../core/tensor.js';
export {
  bitwiseNot as bitwiseInvert,
  leftShift as bitwiseLeftShift,
  rightShift as bitwiseRightShift,
} from './integers.js';
