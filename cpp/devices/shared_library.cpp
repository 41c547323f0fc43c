#include "devices/shared_library.h"

#include <dlfcn.h>
#include <link.h>

#include <cstdlib>
#include <memory>

#include "core/error.h"

namespace nodegrad {

SharedLibrary::SharedLibrary(const std::string& file)
    : handle_(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)) {
  if (!handle_) fail(ErrorCode::Device, dlerror());
}

std::string SharedLibrary::path() const {
  const link_map* map = nullptr;
  if (dlinfo(handle_, RTLD_DI_LINKMAP, &map) != 0) fail(ErrorCode::Internal, dlerror());
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(map->l_name, nullptr), std::free);
  return real ? real.get() : map->l_name;
}

void* SharedLibrary::symbol(const char* name) const {
  void* found = dlsym(handle_, name);
  if (!found) fail(ErrorCode::Device, path(), " has no function ", name);
  return found;
}

}  // namespace nodegrad
