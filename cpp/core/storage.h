#pragma once
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>

#include "core/buffer.h"
#include "core/layout.h"
#include "core/memory.h"
#include "core/shape.h"

namespace nodegrad {

// A tensor's memory. Its type never changes; its buffer and layout are touched by the engine's thread alone
// once it is queued anywhere (before that, by the thread that made it).
class Storage {
 public:
  Storage(TensorType type, std::shared_ptr<Buffer> buffer)
      : type(std::move(type)), buffer(std::move(buffer)) {}
  // Row-major, from a copy of data, or zeros for null. Fails with OUT_OF_MEMORY.
  static std::shared_ptr<Storage> create(const TensorType& type, const void* data);

  const TensorType type;
  std::shared_ptr<Buffer> buffer;   // null until the program that makes it has run
  LayoutPtr layout;                 // null: row-major
  std::exception_ptr error;         // why buffer is null: the run failed, or never began
  std::optional<Reservation> room;  // for the buffer of a run that is queued
  uint64_t version = 0;             // counts the changes of the numbers
};

using StoragePtr = std::shared_ptr<Storage>;

}  // namespace nodegrad
