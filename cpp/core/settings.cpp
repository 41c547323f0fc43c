#include "core/settings.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "core/error.h"

namespace nodegrad {
namespace {

std::string read(const char* variable) {
  const char* value = std::getenv(variable);
  return value ? value : "";
}

// The variable's value: one of the allowed ones, or empty.
std::string read(const char* variable, const std::vector<std::string>& allowed) {
  const std::string value = read(variable);
  if (value.empty() || std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return value;
  std::string names;
  for (const std::string& name : allowed) names += (names.empty() ? "'" : " or '") + name + "'";
  fail(ErrorCode::Argument, "expected ", names, " or nothing in ", variable, ", received '", value, "'");
}

Settings& ofProcess() {
  static Settings settings = Settings::fromEnvironment();
  return settings;
}

}  // namespace

Settings Settings::fromEnvironment() {
  Settings settings;
  settings.isa = read("NODEGRAD_ISA");
  settings.winograd = read("NODEGRAD_CONV", {"direct"}).empty();
  const std::string bfloat16 = read("NODEGRAD_BFLOAT16", {"native", "emulate", "off"});
  if (bfloat16 == "native") settings.bfloat16 = Bfloat16::Native;
  if (bfloat16 == "emulate") settings.bfloat16 = Bfloat16::Emulate;
  if (bfloat16 == "off") settings.bfloat16 = Bfloat16::Off;
  settings.printsPlans = !read("NODEGRAD_PLAN", {"print"}).empty();
  return settings;
}

const Settings& settings() { return ofProcess(); }

void useSettings(const Settings& settings) { ofProcess() = settings; }

}  // namespace nodegrad
