#include "cudnn.h"

#include <utility>

#include "core/error.h"
#include "gpu.h"

namespace nodegrad::cuda::dnn {

namespace {

// See Library::describeGpu; empty: there is a GPU.
std::string& description() {
  static std::string json;
  return json;
}

}  // namespace

void Library::describeGpu(const std::string& json) { description() = json; }

Library::Library() {
  const std::string& json = description();
  if (json.empty()) {
    check("cudnnCreate", library_.function<Create>("cudnnCreate")(&handle));
    return;
  }
  const auto length = static_cast<int64_t>(json.size());
  check("GPU", createDescriptor(kDeviceProperties, &describedGpu));
  check("GPU", setAttribute(describedGpu, kDeviceText, kTextType, length, json.data()));
  check("GPU", finalize(describedGpu));
}

const Library& Library::get() {
  static auto& libraries = *new PerGpu<Library>();
  return libraries.get([] { return new Library(); });
}

void Library::check(const std::string& op, Status status) const {
  if (status != kSuccess) fail(ErrorCode::Device, "[", op, "] cuDNN reports ", errorString_(status));
}

Object::Object(std::string op, Kind kind) : op_(std::move(op)), owned_(nullptr, library_.destroyDescriptor) {
  Descriptor made = nullptr;
  library_.check(op_, library_.createDescriptor(kind, &made));
  owned_.reset(made);
}

}  // namespace nodegrad::cuda::dnn
