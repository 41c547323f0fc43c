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

/** Keras writes SGD, rmsprop, leaky_relu: the letters count, not their case. */
export const sameName = (a: string, b: string): boolean =>
  camelCase(a).toLowerCase() === camelCase(b).toLowerCase();

/** Classes whose names do not follow the rule of {@link factoryName}. */
const IRREGULAR: Readonly<Record<string, string>> = {
  InputLayer: 'input',
  IoU: 'iou',
  L1L2: 'l1l2',
  PReLU: 'prelu',
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

/** Lets {@link uniqueName} count from the start. */
export const restartNames = (): void => counts.clear();
