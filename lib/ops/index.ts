import './methods.js';
export * from './aliases.js';

// Arithmetic
export * from './arithmetic.js';
export * from './binary.js';
export * from './bits.js';
export * from './identity.js';
export * from './integers.js';
export * from './special.js';
export * from './trigonometry.js';
export * from './unary.js';

// Comparison and logic
export * from './logic.js';

// Sums and statistics
export type { AxisOptions } from './axis.js';
export * from './counting.js';
export * from './cumulative.js';
export * from './nanReductions.js';
export * from './quantiles.js';
export * from './reduce.js';
export * from './statistics.js';

// Sorting and searching
export * from './sorting.js';
export * from './unique.js';

// Creating tensors
export type { Operand, Outcome } from '../core/apply.js';
export * from './creation.js';

// Shape and order
export * from './blocks.js';
export * from './fold.js';
export * from './manipulate.js';
export * from './shape.js';
export * from './slice.js';
export * from './split.js';
export * from './pad.js';
export * from './upsample.js';

// Indexing and scattering
export * from './gather.js';
export * from './indexing.js';
export * from './scatter.js';
export * from './segments.js';

// Matrices and linear algebra
export * from './einsum.js';
export * from './linalg.js';
export * from './matmul.js';
export * from './matrices.js';
export * from './vectorNorm.js';

// Fourier transforms
export * from './fft.js';
export * from './stft.js';

// Activations and normalization
export * from './activations.js';
export * from './norm.js';
export * from './normalize.js';
export * from './softmax.js';

// Convolution, pooling, recurrence, attention
export * from './adaptivePool.js';
export * from './attention.js';
export * from './conv.js';
export * from './pool.js';
export * from './rnn.js';
export type { DataFormat, Padding, Sides } from './window.js';

// Losses
export * from './crossentropy.js';
export * from './ctc.js';
export * from './ctcDecode.js';
export * from './losses.js';

// Random numbers
export * from './random.js';

// Loops, branches, derivatives
export * from './control/index.js';

// Images
export * as image from './image/index.js';
