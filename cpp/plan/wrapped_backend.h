#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backend.h"

namespace nodegrad::plan {

// A backend that leaves everything to another one, for classes that change a part of it.
class WrappedBackend : public Backend {
 public:
  explicit WrappedBackend(Backend& inner) : inner_(inner) {}

  std::string name() const override { return inner_.name(); }
  std::string architecture() const override { return inner_.architecture(); }
  Habits habits() const override { return inner_.habits(); }
  bool hasBfloat16() const override { return inner_.hasBfloat16(); }
  PrecisionChoice precisions(const KernelSpec& spec) const override { return inner_.precisions(spec); }
  LayoutChoice layouts(const KernelSpec& spec, const std::vector<bool>& undecided) override {
    return inner_.layouts(spec, undecided);
  }
  std::unique_ptr<Kernel> kernel(const KernelSpec& spec) override { return inner_.kernel(spec); }
  bool supports(const KernelSpec& spec) const override { return inner_.supports(spec); }
  bool inPlace(const KernelSpec& spec, size_t output, size_t input) const override {
    return inner_.inPlace(spec, output, input);
  }
  bool onHost() const override { return inner_.onHost(); }
  bool holds(const Buffer& buffer) const override { return inner_.holds(buffer); }
  std::shared_ptr<Buffer> allocate(size_t bytes) override { return inner_.allocate(bytes); }
  std::shared_ptr<Buffer> allocateArena(size_t bytes) override { return inner_.allocateArena(bytes); }
  size_t residentBytes() const override { return inner_.residentBytes(); }
  Reservation reserve(size_t bytes) override { return inner_.reserve(bytes); }
  void copy(const void* from, void* to, size_t bytes) override { inner_.copy(from, to, bytes); }
  void toRowMajor(const TensorType& type, const LayoutPtr& layout, const void* from, void* host) override {
    inner_.toRowMajor(type, layout, from, host);
  }
  void fromRowMajor(const TensorType& type, const LayoutPtr& layout, const void* host, void* to) override {
    inner_.fromRowMajor(type, layout, host, to);
  }
  std::unique_ptr<Recording> record(const std::function<void()>& body) override {
    return inner_.record(body);
  }
  std::unique_ptr<Clock> clock() override { return inner_.clock(); }
  void whenDone(std::function<void(std::exception_ptr)> done) override { inner_.whenDone(std::move(done)); }
  int enter(int threads) override { return inner_.enter(threads); }

 protected:
  Backend& inner_;
};

}  // namespace nodegrad::plan
