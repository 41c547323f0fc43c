#include "cudnn.h"

#include <utility>

#include "core/error.h"

namespace nodegrad::cuda::dnn {

Library::Library() { check("cudnnCreate", library_.function<Create>("cudnnCreate")(&handle)); }

// It stays to the end of the process, when CUDA may be gone already.
const Library& Library::get() {
  static const Library library;
  return library;
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
