#pragma once
#include <sstream>
#include <stdexcept>
#include <string>

namespace nodegrad {

enum class ErrorCode {
  Shape,
  Dtype,
  Attribute,
  Argument,
  OutOfMemory,
  Device,
  Io,
  Aborted,
  Disposed,
  State,
  Internal
};

// The name under which JavaScript sees a code, e.g. "OUT_OF_MEMORY".
const char* codeName(ErrorCode code);

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

// Throws an Error whose message is the parts written one after another.
template <class... Parts>
[[noreturn]] void fail(ErrorCode code, const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(code, text.str());
}

}  // namespace nodegrad
