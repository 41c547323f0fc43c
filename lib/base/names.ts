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

/** Gives `dense`, `dense_1`, `dense_2`, …: a name for each object of a kind. */
export function countedNames(): (kind: string) => string {
  const counts = new Map<string, number>();
  return (kind) => {
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    return count === 0 ? kind : `${kind}_${count}`;
  };
}

let named = countedNames();

/** The next name of a kind in this process: see {@link countedNames}. */
export const uniqueName = (kind: string): string => named(kind);

/** Lets {@link uniqueName} count from the start. */
export const restartNames = (): void => void (named = countedNames());

/** The first of `name`, `name_1`, `name_2`, … that is not taken. */
export function freeName(name: string, taken: { has(name: string): boolean }): string {
  let free = name;
  for (let count = 1; taken.has(free); count++) free = `${name}_${count}`;
  return free;
}
