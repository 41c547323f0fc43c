#include "core/outcome.h"

#include <algorithm>
#include <utility>

namespace nodegrad {

void Outcome::begin() {
  const std::lock_guard<std::mutex> lock(mutex_);
  error_ = nullptr;
  known_ = false;
}

void Outcome::follow(const std::shared_ptr<Outcome>& other) {
  if (std::find(followed_.begin(), followed_.end(), other) != followed_.end()) return;
  mayRefuse_ = mayRefuse_ || other->mayRefuse_;
  followed_.push_back(other);
}

std::exception_ptr Outcome::publish(std::exception_ptr error) {
  for (const auto& other : std::exchange(followed_, {}))
    if (const std::exception_ptr earlier = other->error()) error = earlier;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    error_ = error;
    known_ = true;
  }
  published_.notify_all();
  return error;
}

bool Outcome::isKnown() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return known_;
}

std::exception_ptr Outcome::error() const {
  std::unique_lock<std::mutex> lock(mutex_);
  published_.wait(lock, [this] { return known_; });
  return error_;
}

}  // namespace nodegrad
