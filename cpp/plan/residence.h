#pragma once
#include <memory>

#include "backend.h"
#include "core/storage.h"

namespace nodegrad::plan {

// Moves numbers between layouts within the memory of a backend.
void layOut(Backend& backend, const TensorType& type, const LayoutPtr& layout, const void* from,
            const LayoutPtr& wanted, void* to);
// A copy of a storage's numbers in another layout, in the memory of the backend that holds them.
std::shared_ptr<Buffer> laidOut(Backend& backend, const Storage& storage, const LayoutPtr& wanted);

// Moves a storage into the backend's memory, row-major, where it is elsewhere. Waits for the device that
// holds it.
void moveTo(Storage& storage, Backend& backend);
// Moves a storage to where the host can read it, row-major.
void moveToHost(Storage& storage);

}  // namespace nodegrad::plan
