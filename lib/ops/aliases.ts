// TF.js's names of what has Keras's name here: the same functions. The comment of each says its other name (checked).
export { divide as div, multiply as mul, power as pow, subtract as sub } from './binary.js';
export { argmax as argMax, argmin as argMin } from './reduce.js';
export { negative as neg } from './unary.js';
