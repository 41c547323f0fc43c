// Memory whose pages become huge while it is in use.
#include "host/buffer.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace nodegrad {
namespace {

TEST(Buffer, KeepsItsNumbersWhilePagesGrow) {
  for (size_t bytes : {size_t{100}, size_t{2} << 20, (size_t{21} << 20) + 4096, (size_t{24} << 20) + 64}) {
    const auto buffer = allocateHostQuickly(bytes);
    auto* numbers = static_cast<uint32_t*>(buffer->data());
    const size_t count = bytes / sizeof(uint32_t);
    for (size_t i = 0; i < count; ++i) numbers[i] = static_cast<uint32_t>(i * 2654435761u);
    for (int call = 0; call < 5; ++call) {
      buffer->reuse();
      const auto wrong = [&](size_t i) { return numbers[i] != static_cast<uint32_t>(i * 2654435761u); };
      size_t first = 0;
      while (first < count && !wrong(first)) ++first;
      ASSERT_EQ(first, count) << bytes << " bytes, call " << call;
    }
  }
}

}  // namespace
}  // namespace nodegrad
