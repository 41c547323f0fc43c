#include "cublaslt.h"

#include "core/error.h"
#include "gpu.h"

namespace nodegrad::cuda::lt {

Library::Library() { check("cublasLtCreate", library_.function<Create>("cublasLtCreate")(&handle)); }

const Library& Library::get() {
  static auto& libraries = *new PerGpu<Library>();
  return libraries.get([] { return new Library(); });
}

void Library::check(const std::string& op, Status status) const {
  if (status != kSuccess) fail(ErrorCode::Device, "[", op, "] cuBLASLt reports ", statusName_(status));
}

}  // namespace nodegrad::cuda::lt
