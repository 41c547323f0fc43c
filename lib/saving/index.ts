export {
  type CustomObject,
  type CustomObjects,
  type RegisteredName,
  customObjectScope,
  getCustomObjects,
  getRegisteredName,
  getRegisteredObject,
  registerKerasSerializable,
} from '../base/customObjects.js';
export type { ObjectConfig } from '../base/registry.js';
export { type DeserializeOptions, deserializeKerasObject, serializeKerasObject } from './serialization.js';
