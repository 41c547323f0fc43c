#include "guarded.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace nodegrad::testing {

namespace {

constexpr size_t kAlignment = 64;

size_t roundedUp(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }
size_t pageBytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

}  // namespace

Guarded::Guarded(size_t bytes, Against side, unsigned char fill) : bytes_(bytes), fill_(fill) {
  const size_t page = pageBytes(), inner = roundedUp(bytes, page);
  mapped_ = inner + 2 * page;
  void* map = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED) throw std::bad_alloc();
  map_ = static_cast<unsigned char*>(map);
  if (inner && mprotect(map_ + page, inner, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  data_ = map_ + page + (side == Against::End ? inner - roundedUp(bytes, kAlignment) : 0);
  if (inner) std::memset(map_ + page, fill_, inner);
}

Guarded::~Guarded() {
  if (map_) munmap(map_, mapped_);
}

Guarded::Guarded(Guarded&& other) noexcept
    : bytes_(other.bytes_), mapped_(other.mapped_), fill_(other.fill_), map_(other.map_), data_(other.data_) {
  other.map_ = nullptr;
}

bool Guarded::intact() const {
  const size_t page = pageBytes();
  const auto isFill = [&](unsigned char c) { return c == fill_; };
  return std::all_of(map_ + page, data_, isFill) &&
         std::all_of(data_ + bytes_, map_ + mapped_ - page, isFill);
}

}  // namespace nodegrad::testing
