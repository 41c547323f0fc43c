export type { ApplicationOptions } from './application.js';
export {
  decodePredictions,
  type DecodePredictionsOptions,
  type DecodedPrediction,
} from './decodePredictions.js';
export { denseNet121, denseNet169, denseNet201 } from './densenet.js';
export {
  efficientNetB0,
  efficientNetB1,
  efficientNetB2,
  efficientNetB3,
  efficientNetB4,
  efficientNetB5,
  efficientNetB6,
  efficientNetB7,
  efficientNetLite0,
} from './efficientnet.js';
export { inceptionV3 } from './inceptionV3.js';
export { mobileNet, type MobileNetOptions } from './mobilenet.js';
export { mobileNetV2, type MobileNetV2Options } from './mobilenetV2.js';
export { mobileNetV3Large, type MobileNetV3Options, mobileNetV3Small } from './mobilenetV3.js';
export { preprocessInput, type PreprocessInputOptions } from './preprocessInput.js';
export type { PretrainedOptions } from './pretrained.js';
export {
  resNet101,
  resNet101V2,
  resNet152,
  resNet152V2,
  resNet18,
  resNet18V2,
  resNet34,
  resNet34V2,
  resNet50,
  resNet50V2,
} from './resnet.js';
export { vgg16, vgg19 } from './vgg.js';
export { xception } from './xception.js';
