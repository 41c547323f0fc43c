import { EngineError, describe, nearest } from './errors.js';

/** Keras's snake_case and class names in the form that this library uses: `mean_squared_error` and `MeanSquaredError`. */
export function camelCase(name: string): string {
  const joined = name.replace(/_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return joined.charAt(0).toLowerCase() + joined.slice(1);
}

/** A name, or Keras's forms of it: `meanSquaredError`, `MeanSquaredError`, `mean_squared_error`. */
export type Spelled<Name extends string> = Name | Capitalize<Name> | SnakeCase<Name>;

type SnakeCase<Name extends string> = Name extends `${infer Letter}${infer Rest}`
  ? `${Letter extends Lowercase<Letter> ? Letter : `_${Lowercase<Letter>}`}${SnakeCase<Rest>}`
  : Name;

/** The configuration of an object of a family (an initializer, a regularizer, …), from which an equal one can be made. */
export interface ObjectConfig {
  /** The name of the object's kind, such as `glorotUniform`. */
  className: string;
  /** The options that make an equal object: what its `getConfig` gives. */
  config: Record<string, unknown>;
}

/** Keras writes SGD, rmsprop, leaky_relu: the letters count, not their case. */
export const sameName = (a: string, b: string): boolean =>
  camelCase(a).toLowerCase() === camelCase(b).toLowerCase();

/** Names of Keras 3 for which there is nothing here, by what is chosen, and what to do instead. */
const KERAS: Readonly<Record<string, { names: string; instead: string }>> = {
  activation: {
    names:
      'celu exponential glu hardShrink hardSigmoid hardSilu hardSwish hardTanh logSigmoid mish relu6 selu silu softShrink softsign ' +
      'sparsePlus sparseSigmoid sparsemax squareplus swish tanhShrink threshold',
    instead:
      'give a function of the ops, or name one with activations.register; silu is (x) => ops.multiply(x, ops.sigmoid(x))',
  },
  initializer: {
    names: 'identity identityInitializer',
    instead: 'give an object of a subclass of Initializer',
  },
  loss: {
    names:
      'binaryFocalCrossentropy categoricalFocalCrossentropy categoricalHinge circle cosineSimilarity ctc dice hinge huber ' +
      'klDivergence kld logCosh mape meanAbsolutePercentageError meanSquaredLogarithmicError msle poisson squaredHinge tversky',
    instead: 'give a function of yTrue and yPred, or an object of a subclass of Loss',
  },
  metric: {
    names:
      'auc binaryIoU cosineSimilarity f1Score fBetaScore falseNegatives falsePositives hinge iou klDivergence meanIoU poisson ' +
      'precision r2Score recall rootMeanSquaredError sparseTopKCategoricalAccuracy topKCategoricalAccuracy trueNegatives truePositives',
    instead: 'give a function of yTrue and yPred, or an object of a subclass of Metric',
  },
  optimizer: {
    names: 'adafactor adagrad adamax ftrl lamb lion muon nadam',
    instead: 'give an object of a subclass of Optimizer',
  },
  regularizer: {
    names: 'orthogonalRegularizer',
    instead: 'give an object of a subclass of Regularizer',
  },
};

/**
 * What a name stands for in a table.
 *
 * @throws EngineError `ARGUMENT` that tells the nearest known name, or that it is one of Keras and what to do instead.
 */
export function choose<T>(what: string, name: string, table: Readonly<Record<string, T>>): T {
  const wanted = `[${what}] expected one of ${Object.keys(table).join(', ')}, received ${describe(name)}`;
  if (typeof name !== 'string') throw new EngineError('ARGUMENT', wanted);
  const key = Object.keys(table).find((known) => sameName(known, name));
  if (key !== undefined) return table[key];
  const keras = KERAS[what];
  if (keras?.names.split(' ').some((known) => sameName(known, name)))
    throw new EngineError(
      'ARGUMENT',
      `${wanted}: that is a name of Keras which is not here; ${keras.instead}`,
    );
  const near = nearest(name, Object.keys(table));
  throw new EngineError('ARGUMENT', near === undefined ? wanted : `${wanted}; did you mean '${near}'?`);
}

/** Classes whose names do not follow the rule of {@link factoryName}. */
const IRREGULAR: Readonly<Record<string, string>> = {
  InputLayer: 'input',
  L1L2: 'l1l2',
  ReLU: 'relu',
  RMSprop: 'rmsprop',
};

/** Conv2DTranspose becomes conv2dTranspose, LSTM lstm: the name of the function that makes an object of a class. */
export function factoryName(className: string): string {
  return (
    IRREGULAR[className] ??
    className
      .replace(/^([A-Z]+(?![a-z])|[A-Z])/, (start) => start.toLowerCase())
      .replace(/\dD(?![a-z])/g, (end) => end.toLowerCase())
  );
}

const counts = new Map<string, number>();

/** `dense`, `dense_1`, `dense_2`, …: a name of its own for each object of a kind. */
export function uniqueName(kind: string): string {
  const count = counts.get(kind) ?? 0;
  counts.set(kind, count + 1);
  return count === 0 ? kind : `${kind}_${count}`;
}
