#pragma once
#include <array>
#include <vector>

#include "core/window.h"

namespace nodegrad {

inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// How a convolution's output positions are taken in boxes, whose positions and the image's are packed to
// lines: there each tap reads a fixed number of positions away, whatever the position, since zeros follow
// each row.
class PositionBoxes {
 public:
  // One of the spatial axes, of which pictures have none for the depth. A tap reads the image's positions of
  // one phase, every `stride`-th one, shifted by some; so a packed image has each phase apart.
  struct Axis {
    int64_t taps = 1, stride = 1, dilation = 1, pad = 0, in = 1, out = 1;
    // Of a box of neighbouring outputs: the first shift that is counted from, the positions of a phase that
    // are loaded, and those that the box takes in the line.
    int64_t box = 1, boxes = 1, origin = 0, loaded = 1, pitch = 1;

    int64_t shift(int64_t tap) const;
    int64_t phase(int64_t tap) const;
    // Boxes of at most so many outputs.
    void split(int64_t most);

    // Which of a box's loaded positions are in the image: [begin, end), of which the first is `index` there.
    struct Inside {
      int64_t begin, end, index;
    };
    Inside inside(int64_t firstOut, int64_t phase) const;
  };
  using Axes = std::array<Axis, kMostSpatial>;

  struct Box {
    int64_t sample, samples, first[kMostSpatial], out[kMostSpatial];
  };
  // Positions of one phase of each axis, and whether taps begin at even or at odd ones.
  struct Plane {
    int64_t phases[kMostSpatial];
    bool parities[2];
  };
  // The position in the line of a plane that a tap reads for the first output.
  struct Tap {
    int64_t plane, position;
  };

  PositionBoxes() = default;
  // Boxes of about `most` positions at most, as many for each thread.
  PositionBoxes(const Axes& axes, int64_t samples, int64_t most, int threads);

  const Axis& axis(int index) const { return axes_[static_cast<size_t>(index)]; }
  const std::vector<Plane>& planes() const { return planes_; }
  const std::vector<Tap>& taps() const { return taps_; }
  int64_t count() const;
  Box box(int64_t index) const;
  // Of a whole box, and the positions of one of them in the line.
  int64_t samples() const { return boxSamples_; }
  int64_t samplePositions() const { return axes_[0].pitch * axes_[1].pitch * axes_[2].pitch; }
  // Positions of the image's line before the first one, and all: an even number, with room for steps of 32.
  int64_t margin() const { return margin_; }
  int64_t length() const { return length_; }

 private:
  void placeTaps();

  Axes axes_;
  int64_t samples_ = 1, boxSamples_ = 1;
  std::vector<Plane> planes_;
  std::vector<Tap> taps_;
  int64_t margin_ = 0, length_ = 0;
};

}  // namespace nodegrad
