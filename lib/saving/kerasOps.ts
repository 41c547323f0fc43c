// Calls of ops on outputs of layers, as Keras writes them in a model's JSON: a class, what it was made with, and what it was called with.
import { expected, isPlainObject } from '../base/checks.js';
import { kerasOption, ownOption, snakeCase } from '../base/kerasNames.js';
import { camelCase, factoryName } from '../base/names.js';
import { type Fields, without } from './kerasTypes.js';

/** Keras's classes of ops by the module that Python finds them in. */
const CLASSES: Readonly<Record<string, string>> = {
  numpy:
    'Abs Absolute Add All AllClose Amax Amin Angle Any Append Arange Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh Argmax Argmin ' +
    'Argpartition Argsort Array ArraySplit Average Bincount BitwiseAnd BitwiseInvert BitwiseLeftShift BitwiseNot BitwiseOr ' +
    'BitwiseRightShift BitwiseXor BroadcastTo Cbrt Ceil Clip Concatenate Conj Conjugate Copy Corrcoef Correlate Cos Cosh CountNonzero ' +
    'Cross Cumprod Cumsum Deg2rad Diag Diagflat Diagonal Diff Digitize Divide DivideNoNan Dot Dsplit Dstack Einsum EmptyLike Equal Exp ' +
    'Exp2 ExpandDims Expm1 Fabs Flip Fliplr Flipud Floor FloorDivide Fmax Fmin Fmod Full FullLike Gcd Geomspace GetItem Greater ' +
    'GreaterEqual Heaviside Histogram Hsplit Hstack Hypot I0 Imag Inner IsIn Isclose Isfinite Isinf Isnan Isneginf Isposinf Isreal Kron ' +
    'Lcm Ldexp LeftShift Less LessEqual Linspace Log Log10 Log1p Log2 Logaddexp Logaddexp2 LogicalAnd LogicalNot LogicalOr LogicalXor ' +
    'Logspace Matmul Max Maximum Mean Median Meshgrid Min Minimum Mod Moveaxis Multiply NanToNum Nanargmax Nanargmin Nancumprod ' +
    'Nancumsum Nanmax Nanmean Nanmedian Nanmin Nanpercentile Nanprod Nanquantile Nanstd Nansum Nanvar Ndim Negative Nextafter Nonzero ' +
    'NotEqual OnesLike Outer Pad Percentile Power Prod Ptp Quantile Rad2deg Ravel Real Reciprocal Repeat Reshape RightShift Roll Rot90 ' +
    'Round SearchSorted Select Sign Signbit Sin Sinc Sinh Size Slogdet Sort Split Sqrt Square Squeeze Stack Std Subtract Sum Swapaxes ' +
    'Take TakeAlongAxis Tan Tanh Tensordot Tile Trace Transpose Trapezoid Tril Triu TrueDivide Trunc Unique UnravelIndex Vander Var Vdot ' +
    'View Vsplit Vstack Where ZerosLike',
  nn:
    'AdaptiveAveragePool AdaptiveMaxPool AveragePool BatchNorm BinaryCrossentropy CTCDecode CTCLoss CategoricalCrossentropy Celu Conv ' +
    'ConvTranspose DepthToSpace DepthwiseConv DotProductAttention Elu Fold Gelu Glu HardShrink HardSigmoid HardSilu HardTanh LayerNorm ' +
    'LeakyRelu LogSigmoid LogSoftmax MaxPool Moments MultiHot Normalize OneHot PSNR Polar RMSNorm Relu Relu6 Selu SeparableConv Sigmoid ' +
    'Silu SoftShrink Softmax Softplus Softsign SpaceToDepth SparseCategoricalCrossentropy SparsePlus SparseSigmoid Sparsemax Squareplus ' +
    'TanhShrink Threshold Unfold',
  math:
    'CDist Erf Erfc Erfinv ExtractSequences FFT FFT2 IFFT2 IRFFT ISTFT InTopK Logdet Logsumexp RFFT Rsqrt STFT SegmentMax SegmentMin ' +
    'SegmentProd SegmentSum TopK ViewAsComplex ViewAsReal',
  core: 'Cast ConvertToTensor SaturateCast Scatter ScatterUpdate Slice SliceUpdate StopGradient Unstack',
  linalg:
    'Cholesky CholeskyInverse Det Eig Eigh Inv Lstsq LuFactor MatrixRank Norm Pinv Qr SVD Solve SolveTriangular',
  image:
    'AffineTransform CropImages ElasticTransform ExtractPatches GaussianBlur HSVToRGB MapCoordinates PadImages PerspectiveTransform ' +
    'RGBToGrayscale RGBToHSV Resize SSIM ScaleAndTranslate SobelEdges',
};

/** Names of ops that are not those of their classes. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  AllClose: 'allclose',
  BatchNorm: 'batchNormalization',
  CDist: 'cdist',
  HSVToRGB: 'hsvToRgb',
  IsIn: 'isin',
  LayerNorm: 'layerNormalization',
  RGBToGrayscale: 'rgbToGrayscale',
  RGBToHSV: 'rgbToHsv',
  RMSNorm: 'rmsNormalization',
  SearchSorted: 'searchsorted',
  TrueDivide: 'divide',
};

/** What a class is made with that the op takes by place, after what it is called with (how many). Else ops take it in their options. */
const BY_PLACE: Readonly<Record<string, readonly [called: number, ...names: string[]]>> = {
  Argpartition: [1, 'kth'],
  ArraySplit: [1, 'indices_or_sections'],
  BroadcastTo: [1, 'shape'],
  Cast: [1, 'dtype'],
  Clip: [1, 'x_min', 'x_max'],
  DepthToSpace: [1, 'block_size'],
  Dsplit: [1, 'indices_or_sections'],
  ExpandDims: [1, 'axis'],
  ExtractPatches: [1, 'size'],
  ExtractSequences: [1, 'sequence_length', 'sequence_stride'],
  Fold: [1, 'output_size', 'kernel_size'],
  Hsplit: [1, 'indices_or_sections'],
  InTopK: [2, 'k'],
  ISTFT: [1, 'sequence_length', 'sequence_stride', 'fft_length'],
  MapCoordinates: [2, 'order'],
  Moveaxis: [1, 'source', 'destination'],
  PSNR: [2, 'max_val'],
  Pad: [1, 'pad_width'],
  Repeat: [1, 'repeats'],
  Reshape: [1, 'newshape'],
  Resize: [1, 'size'],
  Roll: [1, 'shift'],
  STFT: [1, 'sequence_length', 'sequence_stride', 'fft_length'],
  SaturateCast: [1, 'dtype'],
  ScaleAndTranslate: [4, 'spatial_dims', 'method'],
  Scatter: [2, 'shape'],
  Slice: [2, 'shape'],
  SpaceToDepth: [1, 'block_size'],
  Split: [1, 'indices_or_sections'],
  Squeeze: [1, 'axis'],
  Swapaxes: [1, 'axis1', 'axis2'],
  Threshold: [1, 'threshold', 'default_value'],
  Tile: [1, 'repeats'],
  TopK: [1, 'k'],
  Transpose: [1, 'axes'],
  Unfold: [1, 'kernel_size'],
  UnravelIndex: [1, 'shape'],
  View: [1, 'dtype'],
  Vsplit: [1, 'indices_or_sections'],
};

/** What a class is called with, after its first arguments (how many), that the op takes in its options. */
const CALLED_OPTIONS: Readonly<Record<string, readonly [called: number, ...names: string[]]>> = {
  Average: [1, 'weights'],
  BatchNorm: [3, 'offset', 'scale'],
  DotProductAttention: [3, 'bias', 'mask', 'scale'],
  Isclose: [2, 'rtol', 'atol'],
  LayerNorm: [1, 'gamma', 'beta'],
  Pad: [1, 'constant_values'],
  RMSNorm: [1, 'scale'],
};

/** Classes of Keras that want these even where nothing is given. */
const WITH_NULLS = ['LayerNorm', 'RMSNorm'];

/** What a class takes where null is given, which is another default than here. */
const DEFAULTS: Readonly<Record<string, Fields>> = { LayerNorm: { epsilon: 1e-7 } };

/** What says in Keras that nothing was given of options that are not here. */
const NOT_GIVEN: Fields = { rms_scaling: false, sparse: false, synchronized: false };

/** What a class is made with that the op takes before what it is called with. */
const FIRST: Readonly<Record<string, string>> = { Einsum: 'subscripts' };

/** Options that have another name here. */
const OTHER_OPTIONS: Readonly<Record<string, readonly [keras: string, own: string]>> = {
  Moments: ['axes', 'axis'],
  OneHot: ['num_classes', 'depth'],
};

/** The name of the op of one of Keras's classes. */
const opOf = (className: string): string => OTHER_NAMES[className] ?? factoryName(className);

/** The class of an op of this library, and its module. */
function classOf(op: string): { name: string; module: string } {
  for (const [module, names] of Object.entries(CLASSES)) {
    const name = names.split(' ').find((one) => opOf(one) === op);
    if (name !== undefined) return { name, module: `keras.src.ops.${module}` };
  }
  throw expected('toJSON', 'ops that Keras has, too', `ops.${op}`);
}

export const isKerasOp = (module: unknown): boolean =>
  typeof module === 'string' && module.startsWith('keras.src.ops.');

/** Names of Keras, such as `channels_last`, among the strings that ops take. */
const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^[a-zA-Z][a-zA-Z0-9_]*$/.test(value);

/** An op and its arguments, of what Keras's class was made with and called with. */
export function opFromKeras(
  className: string,
  config: Fields,
  args: readonly unknown[],
  kwargs: Fields,
): { op: string; args: unknown[] } {
  const [, ...places] = BY_PLACE[className] ?? [0];
  const first = FIRST[className];
  const [count, ...more] = CALLED_OPTIONS[className] ?? [args.length];
  const called = Object.fromEntries(
    args.slice(count).map((arg, i) => [more[i] ?? `argument ${count + i}`, arg]),
  );
  const given: Fields = {
    ...DEFAULTS[className],
    ...unset(without({ ...config, ...kwargs, ...called }, 'name', first ?? '')),
  };
  const options: Record<string, unknown> = {};
  const [other, own] = OTHER_OPTIONS[className] ?? [];
  for (const [key, value] of Object.entries(given)) {
    if (places.includes(key)) continue;
    options[key === other ? own! : ownOption(key)] = isName(value) ? camelCase(value) : value;
  }
  const placed = places.map((name) => given[name] ?? null);
  while (placed.at(-1) === null) placed.pop();
  return {
    op: opOf(className),
    args: [
      ...(first === undefined ? [] : [config[first]]),
      ...args.slice(0, count),
      ...placed,
      ...(Object.keys(options).length > 0 ? [options] : []),
    ],
  };
}

/** The other way round. */
export function opToKeras(op: string, args: readonly unknown[]) {
  const { name, module } = classOf(op);
  const last = args.at(-1);
  const options = isPlainObject(last) && !('className' in last) ? last : undefined;
  const first = FIRST[name];
  const placed = args.slice(first === undefined ? 0 : 1, options ? -1 : undefined);
  const [called, ...places] = BY_PLACE[name] ?? [placed.length];
  const config: Record<string, unknown> = first === undefined ? {} : { [first]: args[0] };
  places.forEach((place, i) => {
    if (called + i < placed.length) config[place] = placed[called + i];
  });
  const [other, own] = OTHER_OPTIONS[name] ?? [];
  const [, ...ofCall] = CALLED_OPTIONS[name] ?? [0];
  const kwargs: Record<string, unknown> = WITH_NULLS.includes(name)
    ? Object.fromEntries(ofCall.map((option) => [option, null]))
    : {};
  for (const [key, value] of Object.entries(options ?? {})) {
    const option = key === own ? other! : kerasOption(key);
    (ofCall.includes(option) ? kwargs : config)[option] = isName(value) ? snakeCase(value) : value;
  }
  return { name, module, config, args: placed.slice(0, called), kwargs };
}

/** Without what says that nothing was given. */
const unset = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).filter(
      ([key, value]) => value !== null && !(key in NOT_GIVEN && NOT_GIVEN[key] === value),
    ),
  );
