#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace nodegrad::sweep {

// Every op for which the CPU has a kernel, and "plan". Fails where one has no family.
std::vector<std::string> allOps();
// The op of a case where none is asked for; those with the most to choose come more often.
std::string opOfCase(uint64_t seed, int64_t index);
// Runs a case. "" where all is right, else what is wrong. Tells what will be computed before that is run.
std::string runCase(uint64_t seed, int64_t index, const std::string& op,
                    const std::function<void(const std::string& what)>& tell);

}  // namespace nodegrad::sweep
