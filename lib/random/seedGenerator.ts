import { type OptionNames, expected, knownOptionsOf, seedOf } from '../base/checks.js';
import { nextSeed } from '../core/seed.js';
import { type Tensor, tensor } from '../core/tensor.js';
import { type Variable, variable } from '../core/variable.js';
import { add } from '../ops/binary.js';

/** What {@link SeedGenerator} takes. */
export interface SeedGeneratorOptions {
  /** An integer, of which the low 32 bits count. By default a new one, which `setSeed` decides. */
  seed?: number | null;
  /** Its name. Default `seed_generator`. */
  name?: string;
}

/**
 * Gives each draw that has it as `seed` other numbers, the same sequence for the same seed; inside `compile` each step, too.
 * https://keras.io/api/random/seed_generator/
 *
 * @throws EngineError `ARGUMENT` for a seed that is no integer.
 * @example
 * const seed = random.seedGenerator({ seed: 42 });
 * const a = random.normal([2, 3], { seed });
 * const b = random.normal([2, 3], { seed }); // other numbers
 */
export class SeedGenerator {
  /** The names of its options. */
  static readonly optionNames = {
    seed: 'optional',
    name: 'string',
  } satisfies OptionNames<SeedGeneratorOptions>;
  /** Its name. */
  readonly name: string;
  /** int32 [2]: the seed, and how many draws there were. */
  readonly state: Variable;
  readonly #seed: number | null;

  constructor(options: SeedGeneratorOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    this.name = options.name ?? 'seed_generator';
    this.#seed = options.seed == null ? null : seedOf(who, options.seed);
    const key = [(this.#seed ?? nextSeed()) | 0, 0];
    this.state = variable(tensor(key, [2], 'int32'), { name: 'seed_generator_state', trainable: false });
  }

  /** The key of the next draw, int32 [2]: a symbolic value inside `compile`. */
  next(): Tensor {
    const key = this.state.value();
    this.state.assign(add(key, tensor([0, 1], [2], 'int32')));
    return key;
  }

  /** The options that make such a generator: plain data. */
  getConfig(): Record<string, unknown> {
    return { seed: this.#seed, name: this.name };
  }

  /** The generator of a configuration, at its start. */
  static fromConfig(config: Record<string, unknown>): SeedGenerator {
    return new SeedGenerator(config);
  }
}

/** Makes a {@link SeedGenerator}. */
export const seedGenerator = (options?: SeedGeneratorOptions): SeedGenerator => new SeedGenerator(options);

/** What decides the numbers of a draw. */
export interface SeedOptions {
  /** An integer gives the same numbers each time, a {@link SeedGenerator} others each time. Default other ones each time, which `setSeed` decides. */
  seed?: number | SeedGenerator | null;
}

/** The key of a draw for the option `seed`; undefined where there is none. @internal */
export function keyOf(who: string, { seed }: SeedOptions): Tensor | undefined {
  if (seed == null) return undefined;
  if (seed instanceof SeedGenerator) return seed.next();
  if (!Number.isSafeInteger(seed)) throw expected(who, 'an integer or a SeedGenerator as seed', seed);
  return tensor([seed | 0, 0], [2], 'int32');
}
