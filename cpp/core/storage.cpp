#include "core/storage.h"

#include <cstring>

namespace nodegrad {

std::shared_ptr<Storage> Storage::create(const TensorType& type, const void* data) {
  const size_t bytes = bytesOf(type);
  auto buffer = Buffer::allocate(bytes);
  if (data)
    std::memcpy(buffer->data(), data, bytes);
  else
    std::memset(buffer->data(), 0, bytes);
  return std::make_shared<Storage>(type, std::move(buffer));
}

}  // namespace nodegrad
