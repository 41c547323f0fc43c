import { type OptionNames, expected, isPlainObject, knownOptions, mismatch } from '../base/checks.js';
import {
  type CustomObject,
  type CustomObjects,
  getRegisteredName,
  getRegisteredObject,
  withCustomObjects,
} from '../base/customObjects.js';
import { EngineError } from '../base/errors.js';
import { kerasOption } from '../base/kerasNames.js';
import { type Configurable, type ObjectConfig, Registry, nameOfFunction } from '../base/registry.js';
import { isKeras2 } from './keras2.js';
import {
  policyOfModel,
  familyOfKeras,
  fromKeras,
  objectFromKeras,
  objectToKeras,
  optionsFromKeras,
  toKeras,
} from './kerasConfig.js';
import {
  type Fields,
  type KerasConfig,
  POLICIES,
  type Translation,
  isKerasConfig,
  kerasPolicy,
} from './kerasTypes.js';

/** What layers and models have besides. */
interface Built extends Configurable {
  readonly built?: boolean;
  readonly dtypePolicy?: string;
  getBuildConfig?(): Record<string, unknown> | undefined;
  buildFromConfig?(config: Fields): void;
  getCompileConfig?(): Record<string, unknown> | undefined;
  compileFromConfig?(config: Fields): void;
}

/** What {@link deserializeKerasObject} takes. */
export interface DeserializeOptions {
  /** Own classes and functions by the names that the configuration has for them. Default: those of the scope and registered ones. */
  customObjects?: CustomObjects;
}

export const deserializeNames = { customObjects: 'optional' } satisfies OptionNames<DeserializeOptions>;

const isObject = (value: unknown): value is Built =>
  typeof value === 'object' && value !== null && 'className' in value && 'getConfig' in value;

/**
 * What Keras writes in JSON for a layer, model, loss, metric, optimizer, initializer, …: its class and the options that make an equal
 * one, without numbers. https://keras.io/api/models/model_saving_apis/serialization_utils/#serialize_keras_object-utility
 *
 * @param object The object, a registered function, or lists and records of these; numbers, strings and the like are themselves.
 * @returns { module, class_name, config, registered_name } with Keras's names of classes and options.
 * @throws EngineError `ARGUMENT` for a function that is not registered, and what Keras does not have.
 * @example saving.serializeKerasObject(losses.huber({ delta: 2 })); // { class_name: 'Huber', config: { delta: 2, … }, … }
 */
export function serializeKerasObject(object: unknown): unknown {
  return written(object, []);
}

/** @param outer The lists and records that it is in. */
function written(value: unknown, outer: readonly unknown[]): unknown {
  if (typeof value === 'function')
    return toKeras(nameOfFunction(value as CustomObject), { policy: 'float32' });
  if (isObject(value)) return writtenObject(value);
  if (!Array.isArray(value) && !isPlainObject(value)) return value;
  if (outer.includes(value))
    throw expected('serializeKerasObject', 'lists and records that do not hold themselves', value);
  const within = [...outer, value];
  if (Array.isArray(value)) return value.map((item) => written(item, within));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, written(item, within)]));
}

/** {@link serializeKerasObject} of an object. */
export function writtenObject(object: Built): KerasConfig {
  const translation: Translation = { policy: kerasPolicy(object.dtypePolicy) };
  const className = getRegisteredName(object.constructor as CustomObject) ?? object.className;
  const [buildConfig, compiled] = [object.getBuildConfig?.(), object.getCompileConfig?.()];
  const config: ObjectConfig = { className, config: object.getConfig(), ...(buildConfig && { buildConfig }) };
  const written = (name: string, value: unknown) => [kerasOption(name), toKeras(value, translation, name)];
  return {
    ...objectToKeras(config, translation, Registry.familyOf(object)),
    ...(compiled && {
      compile_config: Object.fromEntries(
        Object.entries(compiled).map(([name, value]) => written(name, value)),
      ) as Fields,
    }),
  };
}

/**
 * An object of what {@link serializeKerasObject} here or in Python gave, with fresh weights; a model is compiled as that one was.
 * https://keras.io/api/models/model_saving_apis/serialization_utils/#deserialize_keras_object-utility
 *
 * @param config What was given, also after JSON.
 * @throws EngineError `ARGUMENT` for a class or an option of Keras that is not here, and an unknown class, telling the nearest.
 * @example const loss = saving.deserializeKerasObject(saving.serializeKerasObject(losses.huber())) as losses.Loss;
 */
export function deserializeKerasObject(config: unknown, options: DeserializeOptions = {}): unknown {
  knownOptions('deserializeKerasObject', options, deserializeNames);
  return withCustomObjects('deserializeKerasObject', options.customObjects ?? {}, () => {
    checkLevels('deserializeKerasObject', config);
    return made(config);
  });
}

/** How deep lists and records of a configuration may be in one another: no model of Keras comes near. */
const MOST_LEVELS = 500;

/** Refuses what holds itself, or is so deep that making it could use up the stack. */
export function checkLevels(who: string, config: unknown): void {
  let level = new Set([config]);
  for (let depth = 0; level.size > 0; depth++) {
    if (depth > MOST_LEVELS) {
      const what = `lists and records in at most ${MOST_LEVELS} levels, which do not hold themselves`;
      throw expected(who, what, config);
    }
    const within = (value: unknown) =>
      Array.isArray(value) ? (value as unknown[]) : isPlainObject(value) ? Object.values(value) : [];
    level = new Set([...level].flatMap(within));
  }
}

function made(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(made);
  if (!isPlainObject(given)) return given;
  if (!isKerasConfig(given))
    return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, made(value)]));
  if (given.class_name === 'function') return madeFunction(given);
  return madeObject(given);
}

function madeFunction(given: KerasConfig): unknown {
  const name = fromKeras(given, { policy: 'float32' }) as string;
  const known = getRegisteredObject(name);
  if (known) return known;
  throw expected('deserializeKerasObject', 'a function that is registered or in customObjects', name);
}

/** {@link deserializeKerasObject} of an object. */
export function madeObject(given: KerasConfig): unknown {
  const isWhole = isPlainObject(given.config) && 'layers' in given.config;
  const translation: Translation = {
    policy: isWhole ? policyOfModel(given.config) : 'float32',
    isKeras2: isKeras2(given.keras_version),
  };
  const { className, config, buildConfig } = wellFormed(() => objectFromKeras(given, translation));
  const family = familyOfKeras(given);
  const registry = Registry.of(family);
  const custom = getRegisteredObject(className);
  const known = (custom ?? registry?.classNamed(className)) as ClassOfModels | undefined;
  const isModel = known?.compileNames !== undefined;
  const dtypePolicy = POLICIES[translation.policy];
  const object = registry?.get({
    className,
    config: isModel ? { ...config, dtypePolicy } : config,
  }) as Built;
  if (buildConfig && !object.built) object.buildFromConfig?.(buildConfig);
  const compiled = optionsFromKeras('compile', given.compile_config ?? {}, known?.compileNames, translation);
  if (isModel && Object.keys(compiled).length > 0) object.compileFromConfig?.(compiled);
  return object;
}

/** Errors of JavaScript while a configuration is read say that a part of it is missing. */
function wellFormed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw mismatch('fromConfig', 'a configuration as Keras writes it', 'one that lacks a part', 'ARGUMENT', {
      cause: error,
    });
  }
}

interface ClassOfModels {
  /** The options of `compile`. */
  readonly compileNames?: object;
}
