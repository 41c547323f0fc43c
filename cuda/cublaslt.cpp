#include "cublaslt.h"

#include "core/error.h"

namespace nodegrad::cuda::lt {

Library::Library() { check("cublasLtCreate", library_.function<Create>("cublasLtCreate")(&handle)); }

// It stays to the end of the process, when CUDA may be gone already.
const Library& Library::get() {
  static const Library library;
  return library;
}

void Library::check(const std::string& op, Status status) const {
  if (status != kSuccess) fail(ErrorCode::Device, "[", op, "] cuBLASLt reports ", statusName_(status));
}

}  // namespace nodegrad::cuda::lt
