#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

TEST(CpuBackend, NamesAnOpThatItDoesNotHave) {
  const KernelSpec spec{"fancyOp", {}, {}, {}, {}, {}, nullptr};
  for (const auto& ask : {std::function<void()>([&] { cpuBackend().kernel(spec); }),
                          std::function<void()>([&] { cpuBackend().layouts(spec, {}); })}) {
    try {
      ask();
      FAIL() << "expected an error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::Device);
      EXPECT_NE(std::string(error.what()).find("[fancyOp]"), std::string::npos);
    }
  }
}

TEST(CpuBackend, TurnsAFailureOfOneDnnIntoATypedError) {
  // The output is one row larger than the window allows.
  KernelSpec spec{"conv",
                  checkAttrs(findOp("conv"), {}),
                  {{DType::F32, {1, 8, 8, 16}}, {DType::F32, {3, 3, 16, 16}}},
                  {{DType::F32, {1, 7, 6, 16}}},
                  {nullptr, nullptr},
                  {nullptr},
                  nullptr};
  try {
    cpuBackend().kernel(spec);
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Device);
    EXPECT_NE(std::string(error.what()).find("[conv]"), std::string::npos);
  }
}

TEST(CpuBackend, RowMajorIsWhatAnOpWithoutWishesGets) {
  const KernelSpec spec{"matmul",
                        {},
                        {{DType::F32, {2, 3}}, {DType::F32, {3, 4}}},
                        {{DType::F32, {2, 4}}},
                        {nullptr, nullptr},
                        {nullptr},
                        nullptr};
  const LayoutChoice choice = cpuBackend().layouts(spec, {false, true});
  EXPECT_EQ(choice.inputs, (std::vector<LayoutPtr>{nullptr, nullptr}));
  EXPECT_EQ(choice.outputs, (std::vector<LayoutPtr>{nullptr}));
  EXPECT_FALSE(cpuBackend().inPlace(spec, 0, 0));
}

}  // namespace
}  // namespace nodegrad::testing
