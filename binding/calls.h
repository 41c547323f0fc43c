#pragma once
#include <napi.h>

#include "environment.h"

namespace nodegrad::binding {

// What one call of the addon sees: six arguments, `undefined` where fewer were given.
struct Call {
  napi_env env;
  Environment& environment;
  const napi_value* arguments;

  napi_value operator[](size_t index) const { return arguments[index]; }
};

using CallBody = napi_value (*)(const Call&);

// The calls of lib/engine.ts.
napi_value createTensor(const Call& call);
napi_value writeTensor(const Call& call);
napi_value readTensor(const Call& call);
napi_value readTensorSync(const Call& call);
napi_value disposeTensor(const Call& call);
napi_value createGraph(const Call& call);
napi_value addInput(const Call& call);
napi_value addParameter(const Call& call);
napi_value addOp(const Call& call);
napi_value addGradients(const Call& call);
napi_value addScan(const Call& call);
napi_value addCond(const Call& call);
napi_value addWhile(const Call& call);
napi_value addCustomGradient(const Call& call);
napi_value addRemat(const Call& call);
napi_value createProgram(const Call& call);
napi_value run(const Call& call);
napi_value collect(const Call& call);
napi_value describeProgram(const Call& call);
napi_value createSource(const Call& call);
napi_value csvRecord(const Call& call);
napi_value parseCsv(const Call& call);
napi_value info(const Call& call);
napi_value cudaAbi(const Call& call);
napi_value cudaDriver(const Call& call);
napi_value loadLibrary(const Call& call);
napi_value openCuda(const Call& call);

}  // namespace nodegrad::binding
