/**
 * The messages of TensorBoard's event files that are written here: a part of event.proto, summary.proto, tensor.proto and graph.proto of
 * TensorFlow, and of the plugin for hyperparameters (https://github.com/tensorflow/tensorboard).
 */
interface Field {
  readonly type: string;
  readonly id: number;
  readonly rule?: 'repeated';
  readonly keyType?: 'string';
  readonly options?: { readonly packed: true };
}

type Fields = Readonly<Record<string, Field>>;

const one = (type: string, id: number): Field => ({ type, id });
const list = (type: string, id: number): Field => ({ type, id, rule: 'repeated' });
const packed = (type: string, id: number): Field => ({ ...list(type, id), options: { packed: true } });
const map = (type: string, id: number): Field => ({ type, id, keyType: 'string' });
const message = (fields: Fields) => ({ fields });
/** A message that has one of its fields, also where that is 0, false or empty. */
const choice = (fields: Fields) => ({ fields, oneofs: { kind: { oneof: Object.keys(fields) } } });

export const SUMMARY_SCHEMA = {
  nested: {
    Event: message({
      wallTime: one('double', 1),
      step: one('int64', 2),
      fileVersion: one('string', 3),
      graphDef: one('bytes', 4),
      summary: one('Summary', 5),
    }),
    Summary: message({ value: list('Value', 1) }),
    Value: message({
      tag: one('string', 1),
      tensor: one('TensorProto', 8),
      metadata: one('SummaryMetadata', 9),
    }),
    SummaryMetadata: message({ pluginData: one('PluginData', 1), dataClass: one('int32', 4) }),
    PluginData: message({ pluginName: one('string', 1), content: one('bytes', 2) }),
    TensorProto: message({
      dtype: one('int32', 1),
      tensorShape: one('TensorShapeProto', 2),
      tensorContent: one('bytes', 4),
      floatVal: packed('float', 5),
      stringVal: list('bytes', 8),
    }),
    TensorShapeProto: message({ dim: list('Dim', 2) }),
    Dim: message({ size: one('int64', 1) }),
    GraphDef: message({ node: list('NodeDef', 1), versions: one('VersionDef', 4) }),
    VersionDef: message({ producer: one('int32', 1) }),
    NodeDef: message({
      name: one('string', 1),
      op: one('string', 2),
      input: list('string', 3),
      attr: map('AttrValue', 5),
    }),
    AttrValue: message({ list: one('ListValue', 1) }),
    ListValue: message({ shape: list('TensorShapeProto', 7) }),
    HParamsPluginData: message({
      version: one('int32', 1),
      sessionStartInfo: one('SessionStartInfo', 3),
      sessionEndInfo: one('SessionEndInfo', 4),
    }),
    SessionStartInfo: message({ hparams: map('HParam', 1), startTimeSecs: one('double', 5) }),
    SessionEndInfo: message({ status: one('int32', 1), endTimeSecs: one('double', 2) }),
    HParam: choice({
      numberValue: one('double', 2),
      stringValue: one('string', 3),
      boolValue: one('bool', 4),
    }),
  },
};
