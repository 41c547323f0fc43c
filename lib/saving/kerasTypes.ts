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
}

/** What a translation finds out, or is told, besides: the policies of the layers. */
export interface Translation {
  /** Keras's names of dtype policies, of each layer its own. */
  readonly policies: Set<string>;
}

export const isKerasConfig = (value: unknown): value is KerasConfig =>
  isPlainObject(value) && typeof value['class_name'] === 'string' && 'config' in value;

/** A copy without some fields. */
export const without = (fields: Fields, ...names: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
