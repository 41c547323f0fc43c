#pragma once
#include "backend.h"

// Sequences [n, l, c] as kernels of windows see them: pictures of height 1, which lie in memory alike.
namespace nodegrad {

// Whether a node slides windows over sequences.
bool isOverSequences(const KernelSpec& spec);
// The node over pictures: its tensors of rank 3, their layouts and its attributes have one more axis.
KernelSpec asPictures(const KernelSpec& spec);
// What was chosen for those pictures, for the sequences of the node.
LayoutChoice asSequences(const KernelSpec& spec, LayoutChoice pictures);

}  // namespace nodegrad
