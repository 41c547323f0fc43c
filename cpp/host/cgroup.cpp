#include "host/cgroup.h"

#include <fstream>
#include <sstream>

namespace nodegrad {
namespace {

// The path of this process in the hierarchy of a controller, "" where it has none.
std::string cgroupPath(const std::string& controller, const std::string& root) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // 4:cpu,cpuacct:/path or 0::/path
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    std::istringstream names(line.substr(first + 1, second - first - 1));
    bool found = controller.empty() && first + 1 == second;
    for (std::string name; !controller.empty() && std::getline(names, name, ',');)
      found = found || name == controller;
    if (found) return line.substr(second + 1);
  }
  return "";
}

}  // namespace

std::vector<std::string> cgroupFolders(const std::string& controller, const std::string& root) {
  const std::string top = root + "/sys/fs/cgroup" + (controller.empty() ? "" : "/" + controller);
  std::vector<std::string> folders;
  for (std::string path = cgroupPath(controller, root);; path.resize(path.rfind('/'))) {
    folders.push_back(top + path + "/");
    if (path.find('/') == std::string::npos) return folders;
  }
}

}  // namespace nodegrad
