#pragma once
#include <cstddef>

namespace nodegrad::testing {

// Memory between two inaccessible pages, filled with one byte. Its address is aligned to 64 bytes, as that of
// every tensor is: reading or writing before or past it ends the process, or shows in intact().
class Guarded {
 public:
  enum class Against { Beginning, End };  // the page that the data lies next to

  Guarded(size_t bytes, Against side, unsigned char fill);
  ~Guarded();
  Guarded(Guarded&& other) noexcept;
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  Guarded& operator=(Guarded&&) = delete;

  void* data() const { return data_; }
  // Whether the bytes that are left around the data in its pages are as they were.
  bool intact() const;

 private:
  size_t bytes_, mapped_;
  unsigned char fill_;
  unsigned char *map_, *data_;
};

}  // namespace nodegrad::testing
