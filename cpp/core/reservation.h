#pragma once
#include <cstddef>
#include <utility>

namespace nodegrad {

// Room in some memory for what is made later, kept free until this goes.
class Reservation {
 public:
  using GiveBack = void (*)(size_t bytes);

  Reservation() = default;  // of nothing
  Reservation(size_t bytes, GiveBack giveBack) : bytes_(bytes), giveBack_(giveBack) {}
  Reservation(Reservation&& other) noexcept
      : bytes_(other.bytes_), giveBack_(std::exchange(other.giveBack_, nullptr)) {}
  Reservation& operator=(Reservation&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(giveBack_, other.giveBack_);
    return *this;
  }
  ~Reservation() { end(); }

  void end() {
    if (giveBack_) std::exchange(giveBack_, nullptr)(bytes_);
  }

 private:
  size_t bytes_ = 0;
  GiveBack giveBack_ = nullptr;
};

}  // namespace nodegrad
