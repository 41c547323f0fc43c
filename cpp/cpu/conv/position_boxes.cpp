#include "cpu/conv/position_boxes.h"

#include <algorithm>

namespace nodegrad {

namespace {

constexpr int64_t kStep = 32;              // positions that are taken together
constexpr int64_t kFewestPositions = 256;  // of a box that need not be smaller

int64_t floorDiv(int64_t a, int64_t b) { return a >= 0 ? a / b : -ceilDiv(-a, b); }

}  // namespace

int64_t PositionBoxes::Axis::shift(int64_t tap) const { return floorDiv(tap * dilation - pad, stride); }
int64_t PositionBoxes::Axis::phase(int64_t tap) const { return tap * dilation - pad - shift(tap) * stride; }

void PositionBoxes::Axis::split(int64_t most) {
  const int64_t first = shift(0), last = shift(taps - 1);
  boxes = ceilDiv(out, std::clamp<int64_t>(most, 1, out));
  box = ceilDiv(out, boxes);
  if (boxes == 1) {
    // The zeros after one row serve as those before the next one.
    origin = 0;
    loaded = ceilDiv(in, stride);
    pitch = std::max(loaded - std::min<int64_t>(first, 0), out + std::max<int64_t>(last, 0));
  } else {
    origin = first;
    loaded = pitch = box + last - first;
  }
}

PositionBoxes::Axis::Inside PositionBoxes::Axis::inside(int64_t firstOut, int64_t phase) const {
  const int64_t first = firstOut + origin;
  const int64_t begin = std::clamp<int64_t>(-first, 0, loaded);
  const int64_t end = std::clamp<int64_t>(ceilDiv(in - phase, stride) - first, begin, loaded);
  return {begin, end, (first + begin) * stride + phase};
}

PositionBoxes::PositionBoxes(const Axes& axes, int64_t samples, int64_t most, int threads)
    : axes_(axes), samples_(samples) {
  int64_t left = std::max(most, kFewestPositions);
  for (auto axis = axes_.rbegin(); axis != axes_.rend(); ++axis) {
    axis->split(left);
    left = axis->boxes > 1 ? 1 : left / axis->pitch;
  }
  boxSamples_ = std::clamp<int64_t>(left, 1, samples);
  // As many boxes for each thread, where that costs little.
  while (boxSamples_ > 1 && boxSamples_ * samplePositions() > kFewestPositions &&
         ceilDiv(samples_, boxSamples_) % threads != 0)
    --boxSamples_;
  placeTaps();
}

int64_t PositionBoxes::count() const {
  return ceilDiv(samples_, boxSamples_) * axes_[0].boxes * axes_[1].boxes * axes_[2].boxes;
}

PositionBoxes::Box PositionBoxes::box(int64_t index) const {
  Box box{};
  for (size_t axis = kMostSpatial; axis-- > 0;) {
    box.first[axis] = index % axes_[axis].boxes * axes_[axis].box;
    box.out[axis] = std::min(axes_[axis].box, axes_[axis].out - box.first[axis]);
    index /= axes_[axis].boxes;
  }
  box.sample = index * boxSamples_;
  box.samples = std::min(boxSamples_, samples_ - box.sample);
  return box;
}

void PositionBoxes::placeTaps() {
  const int64_t strides[] = {axes_[1].pitch * axes_[2].pitch, axes_[2].pitch, 1};
  for (int64_t d = 0; d < axes_[0].taps; ++d)
    for (int64_t h = 0; h < axes_[1].taps; ++h)
      for (int64_t w = 0; w < axes_[2].taps; ++w) {
        const int64_t tap[] = {d, h, w};
        Plane plane{};
        int64_t distance = 0;
        for (size_t axis = 0; axis < kMostSpatial; ++axis) {
          plane.phases[axis] = axes_[axis].phase(tap[axis]);
          distance += (axes_[axis].shift(tap[axis]) - axes_[axis].origin) * strides[axis];
        }
        const auto found = std::find_if(planes_.begin(), planes_.end(), [&](const Plane& other) {
          return std::equal(plane.phases, plane.phases + kMostSpatial, other.phases);
        });
        taps_.push_back({found - planes_.begin(), distance});
        if (found == planes_.end()) planes_.push_back(plane);
      }
  const auto [least, most] = std::minmax_element(
      taps_.begin(), taps_.end(), [](const Tap& a, const Tap& b) { return a.position < b.position; });
  margin_ = std::max<int64_t>(-least->position, 0);
  const int64_t after = std::max<int64_t>(most->position, 0);
  length_ = ceilDiv(margin_ + ceilDiv(boxSamples_ * samplePositions(), kStep) * kStep + after, 2) * 2 + 2;
  for (Tap& tap : taps_) {
    tap.position += margin_;
    planes_[static_cast<size_t>(tap.plane)].parities[tap.position % 2] = true;
  }
}

}  // namespace nodegrad
