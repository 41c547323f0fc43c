import { isPlainObject } from './checks.js';

/** The values of options that are not given. */
type DefaultsOf<O, D> = Readonly<Required<Pick<O, keyof D & keyof O>>>;

/**
 * The defaults of a class or function, in the one place where they stand: `const DEFAULTS = defaultsOf<DenseOptions>()({ useBias: true })`.
 * What reads options takes them from {@link withDefaults}. @internal
 */
export const defaultsOf =
  <O>() =>
  <const D extends Partial<O>>(values: D & Record<Exclude<keyof D, keyof O>, never>): DefaultsOf<O, D> =>
    values as unknown as DefaultsOf<O, D>;

/** Options, with defaults for those that are not given or undefined. What is no object of options stays, for the checks. @internal */
export function withDefaults<O extends object, D extends object>(options: O, defaults: D): O & D {
  if (!isPlainObject(options)) return options as O & D;
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) } as O & D;
}
