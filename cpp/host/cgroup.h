#pragma once
#include <string>
#include <vector>

namespace nodegrad {

// The folders of the control groups that this process is in, for a controller of version 1 or, for "", those
// of version 2: its own group's first, then each one around it, for any of them may hold a limit. A container
// may see the host's paths, which lead nowhere in it; the last folder is then its own. root: before every
// path, for tests.
std::vector<std::string> cgroupFolders(const std::string& controller, const std::string& root = "");

}  // namespace nodegrad
