#include "core/settings.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "core/error.h"
#include "cpu/cpu_backend.h"
#include "cpu/isa.h"
#include "support/settings.h"

namespace nodegrad::testing {
namespace {

using Bfloat16 = Settings::Bfloat16;

// A variable of the environment, as it was afterwards.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value, 1);
  }
  ~Variable() {
    if (before_.empty())
      unsetenv(name_);
    else
      setenv(name_, before_.c_str(), 1);
  }

 private:
  const char* name_;
  std::string before_;
};

Settings with(const char* name, const char* value) {
  const Variable variable(name, value);
  return Settings::fromEnvironment();
}

TEST(Settings, ComeFromTheEnvironment) {
  EXPECT_EQ(with("NODEGRAD_ISA", "avx2").isa, "avx2");
  EXPECT_EQ(with("NODEGRAD_ISA", "").isa, "");
  EXPECT_FALSE(with("NODEGRAD_CONV", "direct").winograd);
  EXPECT_TRUE(with("NODEGRAD_CONV", "").winograd);
  EXPECT_EQ(with("NODEGRAD_BFLOAT16", "emulate").bfloat16, Bfloat16::Emulate);
  EXPECT_EQ(with("NODEGRAD_BFLOAT16", "off").bfloat16, Bfloat16::Off);
  EXPECT_EQ(with("NODEGRAD_BFLOAT16", "native").bfloat16, Bfloat16::Native);
  EXPECT_EQ(with("NODEGRAD_BFLOAT16", "").bfloat16, Bfloat16::Fast);
  EXPECT_TRUE(with("NODEGRAD_PLAN", "print").printsPlans);
  EXPECT_FALSE(with("NODEGRAD_PLAN", "").printsPlans);
}

template <class Body>
std::string messageOf(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Argument);
    return error.what();
  }
  return "no error";
}

TEST(Settings, RefuseOtherValues) {
  EXPECT_EQ(messageOf([] { with("NODEGRAD_CONV", "fft"); }),
            "expected 'direct' or nothing in NODEGRAD_CONV, received 'fft'");
  EXPECT_EQ(messageOf([] { with("NODEGRAD_BFLOAT16", "on"); }),
            "expected 'native' or 'emulate' or 'off' or nothing in NODEGRAD_BFLOAT16, received 'on'");
  EXPECT_EQ(messageOf([] { with("NODEGRAD_PLAN", "Print"); }),
            "expected 'print' or nothing in NODEGRAD_PLAN, received 'Print'");
}

TEST(Settings, AreReadOnce) {
  const bool winograd = settings().winograd;
  const Variable variable("NODEGRAD_CONV", winograd ? "direct" : "");
  EXPECT_EQ(settings().winograd, winograd);
}

TEST(Settings, NameALevelOfTheMachine) {
  const SavedSettings saved;
  EXPECT_EQ(isaLevels().front(), "base");
  for (const std::string& level : isaLevels()) {
    useIsa(level);
    EXPECT_EQ(cpuIsa(), level);
  }
  useIsa("");
  EXPECT_EQ(cpuIsa(), isaLevels().back());
  useIsa("sse9");
  const std::string message = messageOf([] { makeCpuBackend(); });
  EXPECT_EQ(message.find("expected 'base'"), 0u) << message;
  EXPECT_NE(message.find("in NODEGRAD_ISA on this machine, received 'sse9'"), std::string::npos) << message;
}

}  // namespace
}  // namespace nodegrad::testing
