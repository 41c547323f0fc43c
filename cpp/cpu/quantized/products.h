#pragma once
#include <memory>

#include "backend.h"

// Products of bytes, by oneDNN.
namespace nodegrad::quantized {

// Whether the processor adds products of four bytes at a time up exactly (VNNI, AMX). Without, pairs of
// products would saturate in 16 bits, and bytes are no faster than float32.
bool hasProducts();

// Weights as a product of bytes wants them, perhaps with sums of them at the end.
bool isWeightsLayout(const LayoutPtr& layout);
// Makes them of row-major bytes.
std::unique_ptr<Kernel> makeWeightsReorder(const LayoutPtr& to);

}  // namespace nodegrad::quantized
