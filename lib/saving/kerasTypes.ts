import { isPlainObject } from '../base/checks.js';

/** What is read from JSON. */
export type Fields = Readonly<Record<string, unknown>>;

/** An object as Keras writes it. https://keras.io/guides/serialization_and_saving/ */
export interface KerasConfig {
  /** Where Python finds the class; null for one of one's own. */
  readonly module?: string | null;
  readonly class_name: string;
  readonly config: Fields;
  /** `package>name` of a class of one's own. */
  readonly registered_name?: string | null;
  readonly build_config?: Fields | null;
  readonly compile_config?: Fields | null;
  /** The version that wrote it, where that says so. */
  readonly keras_version?: unknown;
}

/** The dtype policies that models and layers can have, by Keras's names. */
export const POLICIES = { float32: 'float32', mixed_bfloat16: 'mixedBfloat16' } as const;

/** Keras's name of a policy. */
export type KerasPolicy = keyof typeof POLICIES;

/** Keras's name of a policy that is here. */
export const kerasPolicy = (policy: unknown): KerasPolicy =>
  policy === 'mixedBfloat16' ? 'mixed_bfloat16' : 'float32';

/** What a translation is told besides. */
export interface Translation {
  /** Keras's name of the model's dtype policy, which layers have that do not say another. */
  readonly policy: KerasPolicy;
  /** Whether it is of Keras 2. */
  readonly isKeras2?: boolean;
}

export const isKerasConfig = (value: unknown): value is KerasConfig =>
  isPlainObject(value) && typeof value['class_name'] === 'string' && 'config' in value;

/** A copy without some fields. */
export const without = (fields: Fields, ...names: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
