#include "plan/residence.h"

#include "host/buffer.h"

namespace nodegrad::plan {

void layOut(Backend& backend, const TensorType& type, const LayoutPtr& layout, const void* from,
            const LayoutPtr& wanted, void* to) {
  const auto kernel = backend.kernel({"reorder", {}, {type}, {type}, {layout}, {wanted}, nullptr});
  const void* const inputs[] = {from};
  void* const outputs[] = {to};
  const auto scratch = backend.allocate(kernel->scratchBytes());
  kernel->run(inputs, outputs, scratch->data());
}

std::shared_ptr<Buffer> laidOut(Backend& backend, const Storage& storage, const LayoutPtr& wanted) {
  auto result = backend.allocate(wanted ? wanted->bytes() : bytesOf(storage.type));
  layOut(backend, storage.type, storage.layout, storage.buffer->data(), wanted, result->data());
  return result;
}

void moveToHost(Storage& storage) {
  Backend* owner = storage.buffer->owner();
  if (!owner || (owner->onHost() && !storage.layout)) return;
  auto result = allocateHost(bytesOf(storage.type));
  owner->toRowMajor(storage.type, storage.layout, storage.buffer->data(), result->data());
  owner->finish();
  storage.buffer = std::move(result);
  storage.layout = nullptr;
}

void moveTo(Storage& storage, Backend& backend) {
  if (backend.holds(*storage.buffer)) return;
  moveToHost(storage);
  auto result = backend.allocate(bytesOf(storage.type));
  backend.fromRowMajor(storage.type, nullptr, storage.buffer->data(), result->data());
  storage.buffer = std::move(result);
}

}  // namespace nodegrad::plan
