#pragma once
#include <cstdint>
#include <memory>
#include <utility>

#include "core/buffer.h"
#include "core/layout.h"
#include "core/outcome.h"
#include "core/reservation.h"
#include "core/shape.h"

namespace nodegrad {

// A tensor's memory. Its type never changes; the rest is touched by the engine's thread alone once it is
// queued anywhere (before that, by the thread that made it).
class Storage {
 public:
  Storage(TensorType type, std::shared_ptr<Buffer> buffer)
      : type(std::move(type)), buffer(std::move(buffer)) {}

  const TensorType type;
  std::shared_ptr<Buffer> buffer;    // null until the program that makes it is queued on its device
  LayoutPtr layout;                  // null: row-major
  std::shared_ptr<Outcome> outcome;  // of the run that makes the numbers; null: they are there
  Reservation room;                  // for the buffer of a run that is queued
  uint64_t version = 0;              // counts the changes of the numbers
};

using StoragePtr = std::shared_ptr<Storage>;

}  // namespace nodegrad
