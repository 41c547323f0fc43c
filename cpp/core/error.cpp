#include "core/error.h"

namespace nodegrad {

const char* codeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::Shape: return "SHAPE";
    case ErrorCode::Dtype: return "DTYPE";
    case ErrorCode::Attribute: return "ATTRIBUTE";
    case ErrorCode::Argument: return "ARGUMENT";
    case ErrorCode::OutOfMemory: return "OUT_OF_MEMORY";
    case ErrorCode::Device: return "DEVICE";
    case ErrorCode::Io: return "IO";
    case ErrorCode::Aborted: return "ABORTED";
    case ErrorCode::Disposed: return "DISPOSED";
    case ErrorCode::State: return "STATE";
    case ErrorCode::Internal: return "INTERNAL";
  }
  return "INTERNAL";
}

}  // namespace nodegrad
