// TF.js's names of what has Keras's name here: the same functions. The comment of each says its other name (checked).
export { divide as div, multiply as mul, power as pow, subtract as sub } from './binary.js';
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
export { argmax as argMax, argmin as argMin } from './reduce.js';
export { negative as neg } from './unary.js';
